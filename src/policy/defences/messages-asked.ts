// Messages about which a defence asks the DNS from MAIL on: their verdict is made once, at the first recipient, and the others get the same refusal.

import {
  type Answer,
  goOn,
  type MailFacts,
  type RcptFacts,
  type TransactionFacts,
  type Verdict,
} from '../stage.ts';
import type { Exemptions } from './exemptions.ts';

interface Message<Asked> {
  readonly asked: Asked;
  verdict: Verdict | undefined;
}

export class MessagesAsked<Asked> {
  readonly #exemptions: Pick<Exemptions, 'hasMail' | 'hasName'>;
  readonly #messages = new WeakMap<TransactionFacts, Message<Asked>>();

  constructor(exemptions: Pick<Exemptions, 'hasMail' | 'hasName'>) {
    this.#exemptions = exemptions;
  }

  /** @param ask - begins the look-ups; not called for mail that is exempt */
  begin(facts: MailFacts, ask: () => Asked): Verdict {
    if (!this.#exemptions.hasMail(facts))
      this.#messages.set(facts.transaction, { asked: ask(), verdict: undefined });
    return goOn;
  }

  /** What is asked about a message; undefined when it is exempt. */
  of({ transaction }: MailFacts): Asked | undefined {
    return this.#messages.get(transaction)?.asked;
  }

  /** @param judge - makes the verdict when the answers are there; called for the first recipient alone */
  recipient(facts: RcptFacts, judge: (asked: Asked) => Promise<Verdict>): Answer {
    const message = this.#messages.get(facts.transaction);
    return message === undefined ? goOn : (message.verdict ?? this.#first(facts, message, judge));
  }

  async #first(
    facts: RcptFacts,
    message: Message<Asked>,
    judge: (asked: Asked) => Promise<Verdict>,
  ): Promise<Verdict> {
    if (await this.#exemptions.hasName(facts)) {
      this.#messages.delete(facts.transaction);
      return goOn;
    }
    const verdict = await judge(message.asked);
    // A result and a reason are noted once.
    message.verdict = verdict.kind === 'reject' || verdict.kind === 'tempfail' ? verdict : goOn;
    return verdict;
  }
}
