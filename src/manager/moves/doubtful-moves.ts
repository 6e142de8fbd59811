// Messages that a start finds in two stores, since Sluice ended while they were moved to another queue. Promises: each recipient stays in exactly one of
// them, and is not tried before it is known in which. The old store decides, since it was the last to be written: recipients that still wait there have
// not moved.

import type { Scheduler } from '../../schedule/types.ts';
import type { Outcome, RecoveredMessage, SpoolStore } from '../../spool/types.ts';
import type { MoveIntent, MoveIntents } from './move-intents.ts';

export interface DoubtfulMovesParts {
  readonly intents: Pick<MoveIntents, 'end' | 'tidy'>;
  readonly store: Pick<SpoolStore, 'flush' | 'isWhole' | 'settle'>;
  readonly scheduler: Pick<Scheduler, 'find' | 'recipientsOf'>;
}

export class DoubtfulMoves {
  readonly #parts: DoubtfulMovesParts;
  readonly #open = new Map<string, MoveIntent>();
  readonly #found = new Map<string, RecoveredMessage>();

  /** @param left - the intents of before this start */
  constructor(left: readonly MoveIntent[], parts: DoubtfulMovesParts) {
    this.#parts = parts;
    this.add(left);
  }

  /** These have come to nothing, and their new messages may be found later in a store that was not there. */
  add(intents: readonly MoveIntent[]): void {
    for (const each of intents) this.#open.set(each.to, each);
  }

  /** Is it one of them? Then it is kept until `decided`. */
  keeps(message: RecoveredMessage): boolean {
    if (!this.#open.has(message.queueId)) return false;
    this.#found.set(message.queueId, message);
    return true;
  }

  /** Those that are known to have moved, with their recipients that have; none while a store is not there. To be called now and then. */
  decided(): readonly RecoveredMessage[] {
    const { intents, scheduler, store } = this.#parts;
    if (this.#open.size === 0 || !store.isWhole) return [];
    const moved: RecoveredMessage[] = [];
    const outcomes: Outcome[] = [];
    const open = [...this.#open.values()];
    for (const { from, to, recipients } of open) {
      const message = this.#found.get(to);
      if (message === undefined) continue;
      const old = scheduler.find(from);
      const stayed = new Set(
        old === undefined ? [] : scheduler.recipientsOf(old).map(({ recipient }) => recipient),
      );
      const isHere = (index: number): boolean => !stayed.has(recipients[index] ?? -1);
      for (const { index } of message.waiting)
        if (!isHere(index)) outcomes.push({ kind: 'removed', queueId: to, recipient: index });
      const waiting = message.waiting.filter(({ index }) => isHere(index));
      if (waiting.length > 0) moved.push({ ...message, waiting });
    }
    this.#open.clear();
    this.#found.clear();
    store.settle(outcomes);
    // Until then, another crash finds the same.
    void store.flush().then(
      () => {
        intents.end(open);
        return intents.tidy();
      },
      () => undefined,
    );
    return moved;
  }
}
