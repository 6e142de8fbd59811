// Pauses of grants, one counter for each store of mail: its routes wait on it while outcomes of its mail cannot be stored, while too
// many failures wait for their report, or until the next turn, when very many have been settled in this one. Mail of the other stores goes on.
// A tenant about whose mail no reports can be written waits alone.

import type { CounterStore } from './counters.ts';
import { Dimension } from './counters.ts';

/** Why grants of a store can be paused; each ends by itself. */
export const pauseCauses = ['outcomes', 'reports', 'turn'] as const;
export type PauseCause = (typeof pauseCauses)[number];

export class Pauses {
  readonly #counters: CounterStore;
  /** Counters by the number of the store. */
  readonly #byStore: number[] = [];
  /** Counters of tenants whose mail is paused, by store and tenant. */
  readonly #ofTenants = new Map<string, number>();
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

  /** The counter that holds mail of a tenant: its own while it is paused, else that of the store. */
  counterFor(store: number, tenant: number): number {
    const own = this.#ofTenants.size === 0 ? undefined : this.#ofTenants.get(keyOf(store, tenant));
    return own ?? this.counterOf(store);
  }

  /** Are grants of this tenant's mail paused, because reports about it cannot be written? */
  isTenantLate(store: number, tenant: number): boolean {
    return this.#ofTenants.size > 0 && this.#ofTenants.has(keyOf(store, tenant));
  }

  /** Too many failures of this tenant wait for their report. With no reason, that is over. */
  setTenant(store: number, tenant: number, reason: string | undefined): void {
    const key = keyOf(store, tenant);
    const known = this.#ofTenants.get(key);
    if (reason === undefined) {
      if (known === undefined) return;
      this.#ofTenants.delete(key);
      this.#reasons.delete(known);
      this.#counters.setLimit(known, 1);
      this.#counters.references.add(known, -1);
      this.#counters.mayBeUnused(known);
      return;
    }
    const counter = known ?? this.#counters.open(Dimension.pause, key, 0);
    if (known === undefined) this.#counters.references.add(counter, 1);
    this.#ofTenants.set(key, counter);
    this.#reasons.set(counter, new Map([['reports', reason]]));
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

  /** Are there too many failures without a report in a store? */
  get areReportsLate(): boolean {
    if (this.#reasons.size === 0) return false;
    return this.#byStore.some((counter) => this.#reasons.get(counter)?.has('reports') === true);
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

/** No counter of a store has such a key. */
function keyOf(store: number, tenant: number): string {
  return `${store} of ${tenant}`;
}
