// Pauses of grants, one counter for each store of mail: its routes wait on it while outcomes of its mail cannot be stored, while too
// many failures wait for their report, or until the next turn, when very many have been settled in this one. Mail of the other stores goes on.

import type { CounterStore } from './counters.ts';
import { Dimension } from './counters.ts';

/** Why grants of a store can be paused; each ends by itself. */
export const pauseCauses = ['outcomes', 'reports', 'turn'] as const;
export type PauseCause = (typeof pauseCauses)[number];

export class Pauses {
  readonly #counters: CounterStore;
  /** Counters by the number of the store. */
  readonly #byStore: number[] = [];
  /** Why grants are paused, by counter. */
  readonly #reasons = new Map<number, Map<PauseCause, string>>();

  constructor(counters: CounterStore) {
    this.#counters = counters;
    this.#open(0);
  }

  /** The counter of a store: it has room unless grants are paused. */
  counterOf(store: number): number {
    return this.#byStore[store] ?? this.#open(store);
  }

  /** With no reason, this cause is over. */
  set(store: number, reason: string | undefined, cause: PauseCause): void {
    const counter = this.counterOf(store);
    const reasons = this.#reasons.get(counter) ?? new Map<PauseCause, string>();
    if (reason === undefined) reasons.delete(cause);
    else reasons.set(cause, reason);
    if (reasons.size === 0) this.#reasons.delete(counter);
    else this.#reasons.set(counter, reasons);
    this.#counters.setLimit(counter, reasons.size === 0 ? 1 : 0);
  }

  /** Are there too many failures without a report? */
  get areReportsLate(): boolean {
    if (this.#reasons.size === 0) return false;
    return [...this.#reasons.values()].some((reasons) => reasons.has('reports'));
  }

  /** Ends the pauses that last for a turn. */
  endTurn(): void {
    for (const [store] of this.#byStore.entries()) this.set(store, undefined, 'turn');
  }

  /** Why grants are paused; '' when they are not. */
  reasonOf(counter: number): string {
    const reasons = this.#reasons.get(counter);
    if (reasons === undefined) return '';
    for (const cause of pauseCauses) {
      const reason = reasons.get(cause);
      if (reason !== undefined) return reason;
    }
    return '';
  }

  #open(store: number): number {
    const counter = this.#counters.open(Dimension.pause, store === 0 ? '' : String(store), 1);
    this.#counters.references.add(counter, 1);
    this.#byStore[store] = counter;
    return counter;
  }
}
