// The counts of all keys of one kind. Promises: memory is bounded. When there are too many keys, those make room that have used the
// smallest part of their limits, so that nobody gets rid of a count by making up many other keys.

import { type SavedCount, SlidingCount } from './sliding-count.ts';
import type { Rate } from '../../values/rate.ts';
import type { SendingQuantity } from './types.ts';

/** Part of the keys that make room at once, because finding them looks at all. */
const leavingPart = 1 / 10;

/** The counts of one key: one for each quantity and period. */
export type KeyCounts<Quantity extends string = SendingQuantity> = SlidingCount<Quantity>[];

/** At most so many of something in a period. */
export interface CountedAllowance<Quantity extends string = SendingQuantity> {
  readonly quantity: Quantity;
  readonly rate: Rate;
}

export function countOf<Quantity extends string>(
  counts: KeyCounts<Quantity> | undefined,
  quantity: Quantity,
  perMs: number,
): SlidingCount<Quantity> | undefined {
  return counts?.find((count) => count.quantity === quantity && count.perMs === perMs);
}

export class CountTable<Quantity extends string = SendingQuantity> {
  readonly #allowancesOf: (key: string) => readonly CountedAllowance<Quantity>[];
  readonly #most: number;
  readonly #keys = new Map<string, KeyCounts<Quantity>>();

  /**
   * @param allowancesOf - what is allowed for a key by the rules in force
   * @param most - keys that are remembered
   */
  constructor(allowancesOf: (key: string) => readonly CountedAllowance<Quantity>[], most: number) {
    this.#allowancesOf = allowancesOf;
    this.#most = most;
  }

  get size(): number {
    return this.#keys.size;
  }

  get(key: string): KeyCounts<Quantity> | undefined {
    return this.#keys.get(key);
  }

  /** Adds events to a count of a key, which begins with it if need be. */
  add(
    key: string,
    { quantity, rate }: CountedAllowance<Quantity>,
    events: number,
    atMs: number,
    nowMs: number,
  ): void {
    let counts = this.#keys.get(key);
    if (counts === undefined) {
      if (this.#keys.size >= this.#most) this.#makeRoom(nowMs);
      counts = [];
      this.#keys.set(key, counts);
    }
    let count = countOf(counts, quantity, rate.perMs);
    if (count === undefined) {
      count = new SlidingCount(quantity, rate.perMs);
      counts.push(count);
    }
    count.add(events, atMs);
  }

  /** @returns whether anything was counted */
  forget(key: string): boolean {
    return this.#keys.delete(key);
  }

  /** All keys of which something still counts. Forgets the others. */
  *live(nowMs: number): Iterable<[key: string, counts: KeyCounts<Quantity>]> {
    for (const entry of this.#keys) {
      const [key, counts] = entry;
      if (counts.every((count) => count.isEmpty(nowMs))) this.#keys.delete(key);
      else yield entry;
    }
  }

  /** @param aheadMs - what lies further ahead was counted with a wrong clock, and is left out */
  restore(key: string, saved: readonly SavedCount<Quantity>[], nowMs: number, aheadMs: number): void {
    if (this.#keys.size >= this.#most) return;
    this.#keys.set(
      key,
      saved.map((count) => SlidingCount.restore(count, nowMs, aheadMs)),
    );
  }

  #makeRoom(nowMs: number): void {
    const parts = new Float64Array(this.#keys.size);
    const keys: string[] = [];
    for (const [key, counts] of this.live(nowMs)) {
      parts[keys.length] = this.#usedPart(key, counts, nowMs);
      keys.push(key);
    }
    if (keys.length < this.#most) return;
    const leaving = Math.ceil(this.#most * leavingPart);
    const sorted = parts.toSorted();
    const most = sorted[leaving - 1] ?? 0;
    // Of those that have used as much as the last one that leaves, the oldest leave.
    let equals = leaving - sorted.indexOf(most);
    for (const [at, key] of keys.entries()) {
      const part = parts[at] ?? 0;
      if (part < most || (part === most && equals-- > 0)) this.#keys.delete(key);
    }
  }

  /** The largest part of a limit that is used. */
  #usedPart(key: string, counts: KeyCounts<Quantity>, nowMs: number): number {
    let most = 0;
    for (const { quantity, rate } of this.#allowancesOf(key)) {
      const used = countOf(counts, quantity, rate.perMs)?.used(nowMs) ?? 0;
      most = Math.max(most, used / rate.count);
    }
    return most;
  }
}
