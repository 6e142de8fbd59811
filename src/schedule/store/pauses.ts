// Pauses of grants, one counter for each store of mail: its routes wait on it while outcomes of its mail cannot be stored.
// Mail of the other stores goes on.

import type { CounterStore } from './counters.ts';
import { Dimension } from './counters.ts';

export class Pauses {
  readonly #counters: CounterStore;
  /** Counters by the number of the store. */
  readonly #byStore: number[] = [];
  /** Why grants are paused, by counter. */
  readonly #reasons = new Map<number, string>();

  constructor(counters: CounterStore) {
    this.#counters = counters;
    this.#open(0);
  }

  /** The counter of a store: it has room unless grants are paused. */
  counterOf(store: number): number {
    return this.#byStore[store] ?? this.#open(store);
  }

  set(store: number, reason: string | undefined): void {
    const counter = this.counterOf(store);
    if (reason === undefined) this.#reasons.delete(counter);
    else this.#reasons.set(counter, reason);
    this.#counters.setLimit(counter, reason === undefined ? 1 : 0);
  }

  /** Why grants are paused; '' when they are not. */
  reasonOf(counter: number): string {
    return this.#reasons.get(counter) ?? '';
  }

  #open(store: number): number {
    const counter = this.#counters.open(Dimension.pause, store === 0 ? '' : String(store), 1);
    this.#counters.references.add(counter, 1);
    this.#byStore[store] = counter;
    return counter;
  }
}
