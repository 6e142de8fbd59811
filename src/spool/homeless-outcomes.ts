// Outcomes of mail whose store is not there, until it is.

import type { Outcome, RecoveredMessage } from './types.ts';

export class HomelessOutcomes {
  readonly #byMessage = new Map<string, Outcome[]>();
  #count = 0;

  get count(): number {
    return this.#count;
  }

  get all(): readonly Outcome[] {
    return [...this.#byMessage.values()].flat();
  }

  add(outcome: Outcome): void {
    const known = this.#byMessage.get(outcome.queueId);
    if (known === undefined) this.#byMessage.set(outcome.queueId, [outcome]);
    else known.push(outcome);
    this.#count++;
  }

  clear(): void {
    this.#byMessage.clear();
    this.#count = 0;
  }

  /** A message that is found later, without the recipients that are done. */
  appliedTo(message: RecoveredMessage): RecoveredMessage {
    const outcomes = this.#byMessage.get(message.queueId);
    if (outcomes === undefined) return message;
    const done = new Set<number>();
    for (const outcome of outcomes)
      if ('recipient' in outcome && outcome.kind !== 'deferred') done.add(outcome.recipient);
    return { ...message, waiting: message.waiting.filter(({ index }) => !done.has(index)) };
  }
}
