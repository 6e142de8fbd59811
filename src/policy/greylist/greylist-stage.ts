// [[stage]] of the kind "greylist": asks whoever remembers whether mail of this network, sender and domain has come before. Bounces are asked about
// at DATA, since servers that check whether an address exists ask with the null sender at RCPT and send nothing. What verification finds out is
// known later than RCPT: a stage that leaves mail alone for that is asked then.

import { domainOf } from '../../address/domain.ts';
import { maskedNetwork, type NetworkSizes } from '../../values/masked-network.ts';
import type { Exemptions } from '../defences/exemptions.ts';
import { ConfiguredStage, type ConfiguredStageValues } from '../configured-stage.ts';
import {
  type Answer,
  type ContentFacts,
  goOn,
  type MailFacts,
  type Point,
  type RcptFacts,
  type TransactionFacts,
  type Verdict,
} from '../stage.ts';
import { senderKey } from './sender-key.ts';
import type { GreylistAnswer, GreylistMemory, GreylistTerms } from './types.ts';

export interface GreylistStageParts extends ConfiguredStageValues {
  readonly timeLimitMs: number;
  /** Where it is asked; at `rcpt`, bounces at DATA. */
  readonly at: 'rcpt' | 'data' | 'content';
  readonly sizes: NetworkSizes;
  readonly terms: GreylistTerms;
  readonly exemptions: Exemptions;
  /** Recipients, or all of a domain, whose mail is not asked about. */
  readonly exceptRecipients: { has(address: string): boolean };
  readonly memory: GreylistMemory;
}

const exempt: Verdict = { kind: 'continue', result: { greylist: 'exempt' } };

export class GreylistStage extends ConfiguredStage {
  readonly #parts: GreylistStageParts;
  /** What was answered in a transaction, by domain: a message to a hundred recipients asks once. */
  readonly #answered = new WeakMap<TransactionFacts, Map<string, Verdict>>();

  constructor(parts: GreylistStageParts) {
    super(parts, parts.timeLimitMs);
    this.#parts = parts;
  }

  asksAt(point: Point): boolean {
    const { at } = this.#parts;
    return point === at || (at === 'rcpt' && point === 'data');
  }

  rcpt(facts: RcptFacts): Answer {
    const { recipient, transaction } = facts;
    if (transaction.reversePath === '' || this.#parts.exceptRecipients.has(recipient.address)) return goOn;
    return this.#ask(facts, [domainOf(recipient.address)]);
  }

  data(facts: MailFacts): Answer {
    const isDue = this.#parts.at === 'data' || facts.transaction.reversePath === '';
    return isDue ? this.#ask(facts, this.#domains(facts)) : goOn;
  }

  content(facts: ContentFacts): Answer {
    return this.#ask(facts, this.#domains(facts));
  }

  #domains(facts: MailFacts): readonly string[] {
    const { exceptRecipients } = this.#parts;
    const asked = facts.transaction.recipients.filter(({ address }) => !exceptRecipients.has(address));
    return [...new Set(asked.map(({ address }) => domainOf(address)))];
  }

  #ask(facts: MailFacts, domains: readonly string[]): Answer {
    const { exemptions } = this.#parts;
    if (domains.length === 0) return goOn;
    if (exemptions.hasMail(facts)) return exempt;
    const answered = this.#answered.get(facts.transaction) ?? new Map<string, Verdict>();
    this.#answered.set(facts.transaction, answered);
    const key = domains.join(' ');
    const before = answered.get(key);
    if (before !== undefined) return before;
    const question = {
      stage: this.name,
      network: maskedNetwork(facts.client.address, this.#parts.sizes),
      sender: senderKey(facts.transaction.reversePath),
      domains,
      terms: this.#parts.terms,
      ...(facts.isTrial && { isTrial: true }),
    };
    const named = exemptions.hasName(facts);
    return this.#answer(named, () => this.#parts.memory.greylist(question)).then((verdict) => {
      answered.set(key, verdict);
      return verdict;
    });
  }

  async #answer(named: boolean | Promise<boolean>, ask: () => Promise<GreylistAnswer>): Promise<Verdict> {
    if (await named) return exempt;
    return verdictOf(await ask());
  }
}

/** @throws {Error} where nobody can tell: `on_failure` decides then */
function verdictOf(answer: GreylistAnswer): Verdict {
  switch (answer.kind) {
    case 'passes': {
      const waited =
        answer.waitedMs === undefined ? {} : { waited: String(Math.floor(answer.waitedMs / 1000)) };
      return { kind: 'continue', result: { greylist: answer.why, ...waited } };
    }
    case 'waits': {
      const seconds = Math.max(1, Math.ceil(answer.ms / 1000));
      const when = seconds === 1 ? '1 second' : `${seconds} seconds`;
      // RFC 6647 5: a 4yz reply; 4.7.1 delivery not authorized (RFC 3463 3.8).
      return {
        kind: 'tempfail',
        reply: { code: 451, enhanced: '4.7.1', text: `Greylisted: try again in ${when}` },
      };
    }
    case 'failing':
      throw new Error(answer.reason);
  }
}
