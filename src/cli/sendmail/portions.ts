// The recipients of one message in portions, a transaction each (RFC 5321 4.5.3.1.10): a server that takes no more of them
// means "the rest in another transaction". Each recipient gets one outcome, and is offered again only while others are taken.

import type { RecipientOutcome, RemoteReply } from '../../protocol/smtp/client/client-session.ts';

export class Portions {
  readonly #outcomes: (RecipientOutcome | undefined)[];
  /** Indexes of those that are still to be offered. */
  #waiting: number[];
  #portion: number[] = [];
  #atMost: number;

  /** @param atMost - recipients that one transaction is expected to take */
  constructor(recipients: number, atMost: number) {
    this.#outcomes = Array.from({ length: recipients }, () => undefined);
    this.#waiting = [...this.#outcomes.keys()];
    this.#atMost = atMost;
  }

  /** Those of the next transaction, as indexes of the recipients; empty when nobody is left. */
  next(): readonly number[] {
    this.#portion = this.#waiting.splice(0, this.#atMost);
    return this.#portion;
  }

  /** What became of the portion that `next` gave. */
  settle(outcomes: readonly RecipientOutcome[]): void {
    const taken = outcomes.filter(({ result }) => result === 'delivered').length;
    const again: number[] = [];
    for (const outcome of outcomes) {
      const recipient = this.#portion[outcome.recipient];
      if (recipient === undefined) continue;
      // Without anybody taken, offering them again would go on for ever.
      if (taken > 0 && isTooMany(outcome)) again.push(recipient);
      else this.#outcomes[recipient] = { ...outcome, recipient };
    }
    if (again.length > 0) this.#atMost = taken;
    this.#waiting.unshift(...again);
    this.#portion = [];
    // What is wrong with the message is wrong for all.
    const [first] = outcomes;
    if (taken === 0 && (first === undefined || replyTo(first)?.command !== 'RCPT')) this.#giveUp(first);
  }

  /** Everybody's outcome, in order. Whoever has none yet tempfails for `reason`. */
  finish(reason: string): readonly RecipientOutcome[] {
    const failure = { kind: 'broken', during: 'idle', text: reason } as const;
    this.#giveUp({ recipient: 0, result: 'tempfail', failure });
    return this.#outcomes.filter((outcome) => outcome !== undefined);
  }

  #giveUp(outcome: RecipientOutcome | undefined): void {
    if (outcome === undefined) return;
    for (const recipient of this.#outcomes.keys()) this.#outcomes[recipient] ??= { ...outcome, recipient };
    this.#waiting = [];
  }
}

/** RFC 5321 4.5.3.1.10: 452, or 552 of old servers; either may have the status of RFC 3463 3.6, X.5.3. */
function isTooMany(outcome: RecipientOutcome): boolean {
  const reply = replyTo(outcome);
  if (outcome.result !== 'tempfail' || reply?.command !== 'RCPT') return false;
  if (reply.code !== 452 && reply.code !== 552) return false;
  return reply.enhanced === '' || reply.enhanced.endsWith('.5.3');
}

/** The reply that decided; undefined when none did. */
function replyTo(outcome: RecipientOutcome): RemoteReply | undefined {
  if (outcome.result === 'delivered') return outcome.reply;
  return outcome.failure.kind === 'reply' ? outcome.failure.reply : undefined;
}
