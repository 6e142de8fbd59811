// [[stage]] of the kind "own-domains": mail that says it is from our own domains comes from our own users and hosts alone, whom its `audience` leaves
// out. Looked at are the sender of the envelope and the authors (From), since people see the latter alone.

import { domainOf } from '../../address/domain.ts';
import { authorsOf } from '../../message/author-fields.ts';
import { meetsResultCondition, type ResultCondition } from '../../values/result-condition.ts';
import { ConfiguredStage, type ConfiguredStageValues } from '../configured-stage.ts';
import {
  type Answer,
  type ContentFacts,
  goOn,
  type HeadersFacts,
  type MailFacts,
  type Point,
  type SessionFacts,
  type Verdict,
} from '../stage.ts';
import { type Exemptions, pointOfResults } from './exemptions.ts';
import { isReadInWays, possibleDomains } from './possible-domains.ts';

/** What is compared with our own domains. */
export type OwnDomainsPart = 'envelope' | 'author';

export interface OwnDomainsParts extends ConfiguredStageValues {
  readonly timeLimitMs: number;
  readonly hostname: string;
  /** In normal form. */
  readonly isOwn: (domain: string) => boolean;
  readonly looksAt: ReadonlySet<OwnDomainsPart>;
  readonly action: 'reject' | 'quarantine';
  /** Whom both checks leave alone, and what the one of the envelope does. */
  readonly exemptions: Exemptions;
  readonly envelopeResults: readonly ResultCondition[];
  readonly authorResults: readonly ResultCondition[];
}

export class OwnDomainsStage extends ConfiguredStage {
  readonly #parts: OwnDomainsParts;
  readonly #envelopeAt: Point | undefined;
  readonly #authorAt: Point | undefined;

  constructor(parts: OwnDomainsParts) {
    super(parts, parts.timeLimitMs);
    this.#parts = parts;
    const { looksAt, envelopeResults, authorResults } = parts;
    const envelopeAt = envelopeResults.length === 0 ? 'mail' : pointOfResults(envelopeResults);
    if (looksAt.has('envelope')) this.#envelopeAt = envelopeAt === 'rcpt' ? 'mail' : envelopeAt;
    if (looksAt.has('author'))
      this.#authorAt = pointOfResults(authorResults) === 'content' ? 'content' : 'headers';
  }

  asksAt(point: Point): boolean {
    return point === this.#envelopeAt || point === this.#authorAt;
  }

  mail(facts: MailFacts): Answer {
    return this.#envelope(facts);
  }

  data(facts: MailFacts): Answer {
    return this.#envelope(facts);
  }

  headers(facts: HeadersFacts): Answer {
    return this.#author(facts);
  }

  content(facts: ContentFacts): Answer {
    const envelope = this.#envelopeAt === 'content' ? this.#envelope(facts) : goOn;
    if (this.#authorAt !== 'content') return envelope;
    if (envelope === goOn) return this.#author(facts);
    return Promise.resolve(envelope).then((verdict) => (verdict === goOn ? this.#author(facts) : verdict));
  }

  #envelope(facts: MailFacts): Answer {
    const { isOwn, exemptions } = this.#parts;
    const { reversePath } = facts.transaction;
    const domain = domainOf(reversePath);
    if (reversePath === '' || !isOwn(domain) || exemptions.hasMail(facts)) return goOn;
    return this.#unlessNamed(facts, this.#refusal(domain));
  }

  #author(facts: HeadersFacts): Answer {
    const { exemptions, authorResults } = this.#parts;
    const domain = this.#ownAuthor(facts);
    if (domain === undefined || exemptions.hasClient(facts)) return goOn;
    if (exemptions.hasSender(facts)) return goOn;
    if (authorResults.some((each) => meetsResultCondition(each, facts.resultOf(each.stage)))) return goOn;
    return this.#unlessNamed(facts, this.#refusal(domain));
  }

  /** The first domain of ours in From; one that only some programs would read there counts, too. */
  #ownAuthor({ header }: HeadersFacts): string | undefined {
    const { isOwn, hostname } = this.#parts;
    const authors = authorsOf(header.fields, header.strayLines, hostname);
    const domains =
      authors.kind === 'addresses'
        ? [...authors.from.map(domainOf), ...possibleDomains(authors.from.filter(isReadInWays))]
        : possibleDomains([
            // They are Latin-1: each character is a byte.
            Buffer.from(header.strayLines, 'latin1').toString('utf8'),
            ...header.fields.map(({ name, value }) => (/from|sender/u.test(name) ? value : '')),
          ]);
    return domains.find((domain) => isOwn(domain));
  }

  #unlessNamed(facts: SessionFacts, verdict: Verdict): Answer {
    const named = this.#parts.exemptions.hasName(facts);
    if (typeof named === 'boolean') return named ? goOn : verdict;
    return named.then((is) => (is ? goOn : verdict));
  }

  #refusal(domain: string): Verdict {
    const text = `Mail from ${domain} is taken from its own users and hosts alone`;
    return this.#parts.action === 'quarantine'
      ? { kind: 'quarantine', reason: `it says that it is from ${domain}` }
      : { kind: 'reject', reply: { code: 550, enhanced: '5.7.1', text } };
  }
}
