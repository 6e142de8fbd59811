// Addresses that have connections or failed lately. An address that failed rests, longer each time. After the rest, one
// connection at a time probes it, until one is established. All sites that name an address share its health. Where a host does not
// have the TLS that a policy demands, it rests for mail with that policy alone: in a row of its own, by `Place.policyKey`.

import { Float64Column, Int32Column, TimeColumn, Uint8Column } from './columns.ts';
import { Dimension, type CounterStore } from './counters.ts';
import { DueHeap } from './due-heap.ts';
import { KeyIndex } from './key-index.ts';
import { unlimited } from '../limits/types.ts';
import { Slots } from './slots.ts';

export const Health = { well: 0, resting: 1, probation: 2 } as const;

/** An address that was not tried for this long after its rest counts as well again. */
const forgetMs = 3_600_000;
/** With more addresses than this, failures of those without connections are forgotten earlier. */
const most = 100_000;
/** Rows that are looked at for each new address above `most`. */
const lookedAt = 4;

export class AddressStore {
  readonly #counters: CounterStore;
  readonly connections = new Int32Column();
  readonly failures = new Int32Column();
  readonly health = new Uint8Column();
  /** While resting its end; in probation when the failures are forgotten. */
  readonly dueMs = new TimeColumn();
  readonly lastFailureMs = new Float64Column();
  /** Counter of the right to probe; -1 while the address is well. */
  readonly probeCounter = new Int32Column();
  /** 1: what it failed by lasts, so that another attempt would end alike. */
  readonly isHopeless = new Uint8Column();
  readonly due = new DueHeap(this.dueMs);
  readonly #errors: string[] = [];
  /** The row that was looked at last for being forgotten. */
  #forgetAt = 0;
  readonly #keys = new KeyIndex();
  readonly #slots = new Slots(this.connections, [
    this.failures,
    this.health,
    this.dueMs,
    this.lastFailureMs,
    this.probeCounter,
    this.isHopeless,
    this.due,
  ]);

  constructor(counters: CounterStore) {
    this.#counters = counters;
  }

  get live(): number {
    return this.#slots.live;
  }

  /** The row of an address by `NextHopAddress.key` or `Place.policyKey`; -1 when it is well and has no connections. */
  find(key: string): number {
    return this.#keys.find(key);
  }

  open(key: string): number {
    if (this.live > most) this.#forgetSome();
    const address = this.#slots.take();
    this.connections.set(address, 0);
    this.failures.set(address, 0);
    this.health.set(address, Health.well);
    this.lastFailureMs.set(address, -Infinity);
    this.probeCounter.set(address, -1);
    this.isHopeless.set(address, 0);
    this.#errors[address] = '';
    this.#keys.add(key, address);
    return address;
  }

  /** The error of the last failed connection. */
  errorOf(address: number): string {
    return this.#errors[address] ?? '';
  }

  nameOf(address: number): string {
    return this.#keys.keyOf(address);
  }

  /** A connection was established: the address is well. */
  succeeded(address: number): void {
    if (this.health.get(address) === Health.well) return;
    this.due.take(address);
    this.health.set(address, Health.well);
    this.failures.set(address, 0);
    this.#errors[address] = '';
    const counter = this.probeCounter.get(address);
    this.probeCounter.set(address, -1);
    this.#counters.setLimit(counter, unlimited);
    this.#counters.references.add(counter, -1);
    this.#counters.mayBeUnused(counter);
  }

  /** A connection had what the TLS policy demands. @param policyKey - empty for the default policy */
  policySucceeded(policyKey: string): void {
    const row = policyKey === '' ? -1 : this.find(policyKey);
    if (row < 0) return;
    this.succeeded(row);
    this.mayBeUnused(row);
  }

  /** The counter of the right to probe an address by its key; -1 while it is well. */
  probeOf(key: string): number {
    const row = key === '' ? -1 : this.find(key);
    return row < 0 ? -1 : this.probeCounter.get(row);
  }

  /** Has the address failed its TLS policy by what lasts? @param policyKey - `Place.policyKey` */
  isHopelessFor(policyKey: string): boolean {
    return this.probeOf(policyKey) >= 0 && this.isHopeless.get(this.find(policyKey)) === 1;
  }

  /** Does the failure of a connection opened at this time say something new? One opened before the last failure does not. */
  isNews(address: number, openedAtMs: number): boolean {
    return this.health.get(address) !== Health.resting && openedAtMs >= this.lastFailureMs.get(address);
  }

  /** Starts a rest. */
  rest(address: number, nowMs: number, restMs: number, error: string): void {
    const counters = this.#counters;
    if (this.probeCounter.get(address) < 0) {
      const counter = counters.open(Dimension.probe, this.nameOf(address), 0);
      counters.references.add(counter, 1);
      this.probeCounter.set(address, counter);
    } else {
      counters.setLimit(this.probeCounter.get(address), 0);
    }
    this.failures.add(address, 1);
    this.lastFailureMs.set(address, nowMs);
    this.health.set(address, Health.resting);
    this.#errors[address] = error;
    this.due.put(address, nowMs + restMs);
  }

  /** Ends a rest before its time: the next connection is a probe. @param isExtra - if it fails, the next rest is no longer than this one */
  endRest(address: number, nowMs: number, isExtra = false): void {
    if (this.health.get(address) !== Health.resting) return;
    if (isExtra) this.failures.add(address, -1);
    this.health.set(address, Health.probation);
    this.due.put(address, nowMs + forgetMs);
    this.#counters.setLimit(this.probeCounter.get(address), 1);
  }

  /** Ends rests that are over, and forgets failures that are long past. */
  tick(nowMs: number): void {
    while (this.due.firstDueMs() <= nowMs) {
      const address = this.due.first();
      if (this.health.get(address) === Health.resting) {
        this.endRest(address, nowMs);
      } else if (this.connections.get(address) > 0) {
        this.due.put(address, nowMs + forgetMs);
      } else {
        this.succeeded(address);
        this.mayBeUnused(address);
      }
    }
  }

  /** Makes room: forgets a few addresses in turn that have no connection and that no route waits for. */
  #forgetSome(): void {
    for (let count = lookedAt; count > 0; count--) {
      this.#forgetAt = this.#forgetAt + 1 >= this.#slots.end ? 0 : this.#forgetAt + 1;
      const address = this.#forgetAt;
      if (this.#keys.keyOf(address) === '' || this.connections.get(address) > 0) continue;
      const counter = this.probeCounter.get(address);
      if (counter >= 0 && this.#counters.line.get(counter) >= 0) continue;
      this.succeeded(address);
      this.mayBeUnused(address);
    }
  }

  /** Forgets the address if it is well and has no connection. */
  mayBeUnused(address: number): void {
    if (this.connections.get(address) > 0 || this.health.get(address) !== Health.well) return;
    this.#keys.remove(address);
    this.#slots.give(address);
  }
}
