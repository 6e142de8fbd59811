// Rates: how many events per time one limit allows for one key. Each is a counter without slots, called a gate. Routes park
// on a gate that is closed; it opens by itself when the next event is allowed. Arithmetic in limits/rate-limit.ts.

import { Float64Column, Int32Column, TimeColumn } from './columns.ts';
import { Dimension, type CounterStore } from './counters.ts';
import { DueHeap } from './due-heap.ts';
import { burstOf, freeAtMs, latestTatMs, spacingMs, spent } from '../limits/rate-limit.ts';
import type { RateQuantity, SavedRate } from '../limits/status.ts';
import { unlimited, type AppliedLimit, type LimitRule } from '../limits/types.ts';
import type { Rate } from '../../values/rate.ts';
import { Slots } from './slots.ts';

const quantities = ['connection_rate', 'message_rate', 'recipient_rate'] as const;
/** A rate that was not asked for in this time is forgotten, unless a route or a place still names it. */
const forgetMs = 60_000;

export class RateStore {
  readonly #counters: CounterStore;
  readonly counter = new Int32Column();
  readonly #quantity = new Int32Column();
  /** Theoretical arrival time of the next event (ITU-T I.371), Unix ms. */
  readonly #tatMs = new Float64Column();
  readonly #spacingMs = new Float64Column();
  readonly #burst = new Int32Column();
  readonly #dueMs = new TimeColumn();
  readonly due = new DueHeap(this.#dueMs);
  readonly #slots = new Slots(this.counter, [
    this.#quantity,
    this.#tatMs,
    this.#spacingMs,
    this.#burst,
    this.#dueMs,
    this.due,
  ]);
  /** Arrival times of the last run, by the key of the gate; used when the limit is asked for first. */
  #restored = new Map<string, number>();
  /** When the last of them is past. */
  #restoredUntilMs = 0;

  constructor(counters: CounterStore) {
    this.#counters = counters;
  }

  get live(): number {
    return this.#slots.live;
  }

  /** The gate of a limit's rate for a key, made open if there is none. */
  open(applied: AppliedLimit, quantity: RateQuantity, nowMs: number): number {
    const counters = this.#counters;
    const key = gateKey(quantity, applied.rule.id, applied.key);
    const known = counters.find(Dimension.gate, key);
    // One that was forgotten in this call, or that a route is still parked on, is taken up again.
    if (known >= 0 && counters.owner.get(known) >= 0) return known;
    const gate = known >= 0 ? known : counters.open(Dimension.gate, key, 1, applied);
    counters.references.add(gate, 1);
    const row = this.#slots.take();
    counters.owner.set(gate, row);
    this.counter.set(row, gate);
    this.#quantity.set(row, quantities.indexOf(quantity));
    this.due.positions.set(row, 0);
    this.#setRate(row, rateOf(applied.rule, quantity));
    const tatMs = Math.min(this.#restored.get(key) ?? 0, this.#latestTatMs(row, nowMs));
    this.#restored.delete(key);
    this.#tatMs.set(row, tatMs);
    this.due.put(row, Math.max(tatMs, nowMs + forgetMs));
    return gate;
  }

  /** The largest number of events that may pass at once. */
  burstOf(gate: number): number {
    return this.#burst.get(this.#counters.owner.get(gate));
  }

  /** Ms when so many events may pass together; a time that is past means now. */
  freeAtMs(gate: number, events: number): number {
    const row = this.#counters.owner.get(gate);
    const burst = this.#burst.get(row);
    return freeAtMs(this.#tatMs.get(row), Math.min(events, burst), this.#spacingMs.get(row), burst);
  }

  /** May so many events go now? If not, the gate is closed until they may. */
  lets(gate: number, events: number, nowMs: number): boolean {
    const row = this.#counters.owner.get(gate);
    if (!this.#counters.hasRoom(gate)) return false;
    const freeMs = this.freeAtMs(gate, events);
    if (freeMs <= nowMs) return true;
    this.#counters.setLimit(gate, 0);
    this.due.put(row, freeMs);
    return false;
  }

  /** Counts events that pass now. */
  spend(gate: number, events: number, nowMs: number): void {
    const row = this.#counters.owner.get(gate);
    this.#tatMs.set(row, spent(this.#tatMs.get(row), events, this.#spacingMs.get(row), nowMs));
    if (this.#counters.hasRoom(gate)) this.due.put(row, Math.max(this.#tatMs.get(row), nowMs + forgetMs));
  }

  /** Opens gates whose time has come, and forgets those that are no longer needed. */
  tick(nowMs: number): void {
    if (this.#restored.size > 0 && nowMs >= this.#restoredUntilMs) this.#restored.clear();
    const counters = this.#counters;
    while (this.due.firstDueMs() <= nowMs) {
      const row = this.due.first();
      const gate = this.counter.get(row);
      if (!counters.hasRoom(gate)) {
        counters.setLimit(gate, 1);
        this.due.put(row, Math.max(this.#tatMs.get(row), nowMs + forgetMs));
      } else if (counters.references.get(gate) > 1) {
        this.due.put(row, nowMs + forgetMs);
      } else {
        this.#forget(row, gate);
      }
    }
  }

  /** Limits have changed: gates of those that are there still get the new numbers, with what was spent. */
  reconfigure(rules: ReadonlyMap<string, LimitRule>, nowMs: number): void {
    const counters = this.#counters;
    const gates: number[] = [];
    counters.eachOf(Dimension.gate, (gate) => gates.push(gate));
    for (const gate of gates) {
      const row = counters.owner.get(gate);
      const applied = counters.limitOf(gate);
      const rule = applied === undefined ? undefined : rules.get(applied.rule.id);
      const rate = rule === undefined ? undefined : rule[fields[this.quantityOf(gate)]];
      counters.setLimit(gate, 1);
      if (applied === undefined || rule === undefined || rate === undefined) {
        this.#tatMs.set(row, 0);
        this.due.put(row, nowMs);
        continue;
      }
      counters.setApplied(gate, { rule, key: applied.key });
      this.#setRate(row, rate);
      // A higher rate has less to wait for; a lower one may have to wait longer than before, but not for ever.
      this.#tatMs.set(row, Math.min(this.#tatMs.get(row), this.#latestTatMs(row, nowMs)));
      this.due.put(row, Math.max(this.#tatMs.get(row), nowMs + forgetMs));
    }
  }

  /** Number of past events that still count against the rate. */
  spentOf(gate: number, nowMs: number): number {
    const row = this.#counters.owner.get(gate);
    return Math.ceil(Math.max(0, this.#tatMs.get(row) - nowMs) / this.#spacingMs.get(row));
  }

  /** What the limit of a gate says now. */
  rateOf(gate: number): Rate {
    const applied = this.#counters.limitOf(gate);
    return applied === undefined ? noRate : rateOf(applied.rule, this.quantityOf(gate));
  }

  quantityOf(gate: number): RateQuantity {
    return quantities[this.#quantity.get(this.#counters.owner.get(gate))] ?? 'message_rate';
  }

  /** What still counts after a restart. */
  save(nowMs: number): SavedRate[] {
    const saved: SavedRate[] = [];
    this.#counters.eachOf(Dimension.gate, (gate) => {
      const applied = this.#counters.limitOf(gate);
      const tatMs = this.#tatMs.get(this.#counters.owner.get(gate));
      if (applied === undefined || tatMs <= nowMs) return;
      saved.push({ rule: applied.rule.id, key: applied.key, quantity: this.quantityOf(gate), tatMs });
    });
    for (const [name, tatMs] of this.#restored) {
      const [quantity, rule, key] = name.split('\t');
      if (tatMs <= nowMs || rule === undefined || key === undefined) continue;
      saved.push({ rule, key, quantity: quantity as RateQuantity, tatMs });
    }
    return saved;
  }

  restore(saved: readonly SavedRate[]): void {
    this.#restored = new Map(saved.map((each) => [gateKey(each.quantity, each.rule, each.key), each.tatMs]));
    for (const { tatMs } of saved) this.#restoredUntilMs = Math.max(this.#restoredUntilMs, tatMs);
  }

  #setRate(row: number, rate: Rate): void {
    const burst = burstOf(rate, quantities[this.#quantity.get(row)] === 'recipient_rate');
    this.#burst.set(row, burst);
    this.#spacingMs.set(row, spacingMs(rate, burst));
  }

  /** The latest arrival time that events until now can have led to. A later one was counted while the clock was wrong. */
  #latestTatMs(row: number, nowMs: number): number {
    return latestTatMs(this.#spacingMs.get(row), this.#burst.get(row), nowMs);
  }

  #forget(row: number, gate: number): void {
    this.due.take(row);
    this.#slots.give(row);
    this.#counters.owner.set(gate, -1);
    this.#counters.references.add(gate, -1);
    this.#counters.mayBeUnused(gate);
  }
}

const noRate: Rate = { count: unlimited, perMs: 1 };

const fields = {
  connection_rate: 'connectionRate',
  message_rate: 'messageRate',
  recipient_rate: 'recipientRate',
} as const;

function rateOf(rule: LimitRule, quantity: RateQuantity): Rate {
  return rule[fields[quantity]] ?? noRate;
}

/** Does the rule lift less specific rates and set none itself? */
export function isUnlimited(rule: LimitRule, quantity: RateQuantity): boolean {
  return rateOf(rule, quantity).count >= unlimited;
}

/** Names of limits hold no tab. */
function gateKey(quantity: RateQuantity, rule: string, key: string): string {
  return `${quantity}\t${rule}\t${key}`;
}
