// Asks DNS lists about the client, what it calls itself, the sender, and the authors of the message. Look-ups begin at MAIL, all at once, and
// their answer is waited for at RCPT, so that it can refuse the recipient; those about authors begin with the header. Promises: what was asked
// in a session is not asked again for each recipient or message; a list that does not answer refuses nobody.

import { domainOf, normalizeDomain } from '../../address/domain.ts';
import { parseAuthorList } from '../../message/address-list.ts';
import { strayFields } from '../../message/stray-fields.ts';
import type { DomainSet } from '../../values/domain-set.ts';
import type { ListSubject } from '../../values/list-subject.ts';
import type { Exemptions } from '../defences/exemptions.ts';
import { markEdits, tooManyForged } from '../defences/mark-field.ts';
import { MessagesAsked } from '../defences/messages-asked.ts';
import type { StageTally } from '../stage-tally.ts';
import { ConfiguredStage, type ConfiguredStageValues } from '../configured-stage.ts';
import {
  type Answer,
  type Edit,
  goOn,
  type HeaderFacts,
  type HeadersFacts,
  type MailFacts,
  type Point,
  type RcptFacts,
  type SessionFacts,
  type Verdict,
} from '../stage.ts';
import type { KnownLists } from './known-lists.ts';
import { addressQuestion, domainQuestion, type ListQuestion } from './list-name.ts';
import {
  actionOf,
  type ListFinding,
  type ListRule,
  type ListScore,
  type ListThresholds,
  replyOf,
  resultOf,
  scoreOf,
  scoreText,
} from './list-score.ts';

export interface DnsListsParts extends ConfiguredStageValues {
  readonly rules: readonly ListRule[];
  readonly thresholds: ListThresholds;
  /** How long lists may take for their answers. */
  readonly limitMs: number;
  readonly exemptions: Pick<Exemptions, 'hasMail' | 'hasName'>;
  readonly exceptDomains: Pick<DomainSet, 'has'>;
  /** The field by which mail is marked. */
  readonly field: string;
  readonly lists: Pick<KnownLists, 'of'>;
  /** Counts which lists have hit. */
  readonly tally: Pick<StageTally, 'answered' | 'wouldHave'>;
}

/** Domains of authors that are asked about; a message of several authors has one or two. */
const mostAuthors = 5;
/** Look-up, check of the list, text of the entry: each within the limit; and some time for our own work. */
const stepsOfLimit = 3;
const workMs = 5_000;

/** What is being asked about one subject of a session. */
interface Asked {
  readonly value: string;
  readonly findings: Promise<readonly ListFinding[]>;
}

/** What is known of a message. */
interface Message {
  readonly asked: Promise<readonly ListFinding[]>;
  /** Once the answers are there. */
  scored: ListScore | undefined;
}

export class DnsListsStage extends ConfiguredStage {
  readonly #parts: DnsListsParts;
  readonly #marks: boolean;
  readonly #hasAuthorRules: boolean;
  readonly #ofSessions = new WeakMap<SessionFacts, Partial<Record<ListSubject, Asked>>>();
  readonly #messages: MessagesAsked<Message>;

  constructor(parts: DnsListsParts) {
    super(parts, stepsOfLimit * parts.limitMs + workMs);
    this.#parts = parts;
    this.#messages = new MessagesAsked(parts.exemptions);
    this.#marks = parts.thresholds.markAt !== undefined;
    this.#hasAuthorRules = parts.rules.some(({ about }) => about === 'reply');
  }

  asksAt(point: Point): boolean {
    return point !== 'headers' || this.#marks || this.#hasAuthorRules;
  }

  /** Begins the look-ups, and waits for nothing. */
  mail(facts: MailFacts): Verdict {
    return this.#messages.begin(facts, () => {
      const asked = [
        this.#ask(facts, 'client', clientOf(facts)),
        this.#ask(facts, 'helo', facts.helo),
        this.#ask(facts, 'sender', domainOf(facts.transaction.reversePath)),
      ];
      return { asked: Promise.all(asked).then((all) => all.flat()), scored: undefined };
    });
  }

  rcpt(facts: RcptFacts): Answer {
    return this.#messages.recipient(facts, (message) => this.#decide(facts, message));
  }

  headers(facts: HeadersFacts): Answer {
    const message = this.#messages.of(facts);
    return message === undefined ? goOn : this.#decideOnHeader(facts, message);
  }

  async #decide(facts: MailFacts, message: Message): Promise<Verdict> {
    const scored = scoreOf(await message.asked);
    message.scored = scored;
    const verdict = await this.#verdict(scored);
    this.#count(facts, scored);
    return verdict;
  }

  async #decideOnHeader(facts: HeadersFacts, message: Message): Promise<Verdict> {
    const before = await message.asked;
    const authors = await this.#authors(facts.header);
    const scored = scoreOf([...before, ...authors]);
    if (authors.length > 0) this.#count(facts, scoreOf(authors));
    // Mail whose recipients were all accepted before this stage was asked, such as that for the postmaster, is not refused here either.
    const isNews = authors.length > 0 && message.scored !== undefined;
    const verdict: Verdict = isNews ? await this.#verdict(scored) : goOn;
    if (verdict.kind === 'reject' || verdict.kind === 'tempfail') return verdict;
    const edits = this.#edits(facts.header, scored);
    if (edits === undefined) return { kind: 'reject', reply: tooManyForged };
    if (verdict.kind === 'quarantine') return { ...verdict, edits };
    return { kind: 'continue', edits, result: resultOf(scored) };
  }

  async #authors(header: HeaderFacts): Promise<readonly ListFinding[]> {
    const rules = this.#parts.rules.filter(({ about }) => about === 'reply');
    if (rules.length === 0) return [];
    const found = await Promise.all(authorDomains(header).map((domain) => this.#findings(rules, domain)));
    return found.flat();
  }

  async #verdict(scored: ListScore): Promise<Verdict> {
    const action = actionOf(scored.score, this.#parts.thresholds);
    const result = resultOf(scored);
    switch (action) {
      case 'reject':
      case 'tempfail':
        return { kind: action, reply: replyOf(action, scored, await this.#text(scored)) };
      case 'quarantine':
        return { kind: 'quarantine', reason: `DNS lists: ${scoreText(scored)}`, result };
      case 'mark':
      case 'none':
        return { kind: 'continue', result };
    }
  }

  /** @returns undefined when there are too many forged fields */
  #edits(header: HeaderFacts, scored: ListScore): readonly Edit[] | undefined {
    if (!this.#marks) return [];
    const { thresholds, field } = this.#parts;
    const { markAt = Infinity } = thresholds;
    return markEdits(header, field, scored.score >= markAt ? scoreText(scored) : undefined);
  }

  async #text({ hits: [first] }: ListScore): Promise<string> {
    if (first === undefined) return '';
    const { rule, about } = first;
    if (rule.text !== undefined) return rule.text;
    const question = questionOf(rule, about);
    return question === undefined ? '' : this.#list(rule).text(question, this.#parts.limitMs);
  }

  /** What a session says again is not asked again. */
  #ask(facts: SessionFacts, about: ListSubject, value: string): Promise<readonly ListFinding[]> {
    const rules = this.#parts.rules.filter((rule) => rule.about === about);
    if (rules.length === 0 || value === '') return nothing;
    const before = this.#ofSessions.get(facts);
    const known = before?.[about];
    if (known?.value === value) return known.findings;
    const findings = this.#findings(rules, value);
    this.#ofSessions.set(facts, { ...before, [about]: { value, findings } });
    return findings;
  }

  async #findings(rules: readonly ListRule[], value: string): Promise<readonly ListFinding[]> {
    const found = rules.map(async (rule): Promise<readonly ListFinding[]> => {
      const question = this.#isExcepted(rule, value) ? undefined : questionOf(rule, value);
      if (question === undefined) return [];
      const answer = await this.#list(rule).ask(question, this.#parts.limitMs);
      return [{ rule, about: question.about, answer }];
    });
    return (await Promise.all(found)).flat();
  }

  #isExcepted({ about }: ListRule, value: string): boolean {
    const domain = about === 'client' ? undefined : normalizeDomain(value);
    return domain !== undefined && this.#parts.exceptDomains.has(domain);
  }

  #list({ zone, shownAs }: ListRule) {
    return this.#parts.lists.of(zone, shownAs);
  }

  #count({ isTrial }: SessionFacts, { hits }: ListScore): void {
    if (isTrial) return;
    for (const { rule } of hits) this.#parts.tally.answered(`listed:${rule.shownAs}`);
  }
}

const nothing: Promise<readonly ListFinding[]> = Promise.resolve([]);

function questionOf({ about, zone }: ListRule, value: string): ListQuestion | undefined {
  return about === 'client' ? addressQuestion(value, zone) : domainQuestion(value, zone);
}

/** Empty for a program of this host, and where a front end does not know the client. */
function clientOf({ client }: SessionFacts): string {
  return client.frontEnd?.knowsClient === false ? '' : client.address;
}

/** Where answers to the message would go, and who it says it is from. Each costs look-ups, so that there is a most. */
function authorDomains({ fields, strayLines }: HeaderFacts): readonly string[] {
  // Behind a line that is no field, some programs read on.
  const domains = [...fields, ...strayFields(strayLines)]
    .filter(({ name }) => name === 'from' || name === 'reply-to')
    .slice(0, mostAuthors)
    .flatMap(({ value }) => parseAuthorList(value, '').addresses)
    .map(domainOf)
    .filter((domain) => domain !== '');
  return [...new Set(domains)].slice(0, mostAuthors);
}
