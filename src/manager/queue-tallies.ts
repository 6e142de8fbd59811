// What has happened to the mail of each queue since the manager started. Promise: with one queue alone, nothing is counted or kept.

import type { MessageHandle } from '../schedule/types.ts';

/** As the events of the same names, in the manager. */
export type TallyName = 'received' | 'delivered' | 'deferred' | 'bounced';

export class QueueTallies {
  readonly #names: () => readonly string[];
  /** By the number of the store. */
  readonly #tallies: Record<TallyName, number>[] = [];
  /** By message handle. Handles of messages that are done are used again. */
  readonly #storeOf: number[] = [];

  /** @param names - of the queues beside the default one, in the order of their stores; the list may grow */
  constructor(names: () => readonly string[] = () => []) {
    this.#names = names;
  }

  /** The name of the queue whose store has this number; undefined: the default one. */
  nameOf(store: number | undefined): string | undefined {
    return store === undefined || store === 0 ? undefined : this.#names()[store - 1];
  }

  admitted(message: MessageHandle, store: number): void {
    if (this.#names().length > 0) this.#storeOf[message] = store;
  }

  count(name: TallyName, store: number, times = 1): void {
    if (this.#names().length > 0) this.of(store)[name] += times;
  }

  /** Counts a recipient of a message that is in the scheduler. */
  countOf(name: TallyName, message: MessageHandle): void {
    this.count(name, this.#storeOf[message] ?? 0);
  }

  of(store: number): Record<TallyName, number> {
    return (this.#tallies[store] ??= { received: 0, delivered: 0, deferred: 0, bounced: 0 });
  }
}
