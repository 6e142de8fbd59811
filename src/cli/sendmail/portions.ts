// Splits the recipients of one message into portions, one for each transaction (RFC 5321 4.5.3.1.10): a server that refuses
// further recipients wants them in another transaction. Each recipient gets one outcome; it is offered again only while the
// server accepts others.

import type { RecipientOutcome, RemoteReply } from '../../protocol/smtp/client/client-session.ts';

export class Portions {
  readonly #outcomes: (RecipientOutcome | undefined)[];
  /** Indexes of the recipients that are still to be offered. */
  #waiting: number[];
  #portion: number[] = [];
  #atMost: number;

  /** @param atMost - recipients that one transaction is expected to take */
  constructor(recipients: number, atMost: number) {
    this.#outcomes = Array.from({ length: recipients }, () => undefined);
    this.#waiting = [...this.#outcomes.keys()];
    this.#atMost = atMost;
  }

  /** Indexes of the recipients of the next transaction; empty when none is left. */
  next(): readonly number[] {
    this.#portion = this.#waiting.splice(0, this.#atMost);
    return this.#portion;
  }

  /** Records the outcomes of the portion that `next` returned. */
  settle(outcomes: readonly RecipientOutcome[]): void {
    const accepted = outcomes.filter(({ result }) => result === 'delivered').length;
    const again: number[] = [];
    for (const outcome of outcomes) {
      const recipient = this.#portion[outcome.recipient];
      if (recipient === undefined) continue;
      // When none was accepted, offering them again would never end.
      if (accepted > 0 && isTooMany(outcome)) again.push(recipient);
      else this.#outcomes[recipient] = { ...outcome, recipient };
    }
    if (again.length > 0) this.#atMost = accepted;
    this.#waiting.unshift(...again);
    this.#portion = [];
    // A failure that is not about a recipient is about the message, and so about all recipients.
    const [first] = outcomes;
    if (accepted === 0 && (first === undefined || replyTo(first)?.command !== 'RCPT')) this.#giveUp(first);
  }

  /** The outcome of each recipient, in order. Those without one get a temporary failure with `reason`. */
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

/** The reply that decided the outcome; undefined when there was none. */
function replyTo(outcome: RecipientOutcome): RemoteReply | undefined {
  if (outcome.result === 'delivered') return outcome.reply;
  return outcome.failure.kind === 'reply' ? outcome.failure.reply : undefined;
}
