// Answers kept until their TTL is over. Reads no clock: the caller brings the time.

import { RecentMap } from './recent-map.ts';

interface Entry<V> {
  readonly value: V;
  readonly expiresAtMs: number;
}

/** `maxWeight` bounds the sum of the weights given to `set`. */
export class AnswerCache<V> {
  readonly #entries: RecentMap<string, Entry<V>>;

  constructor(maxWeight: number) {
    this.#entries = new RecentMap(maxWeight);
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The value and the ms that are left of it. */
  get(key: string, nowMs: number): { readonly value: V; readonly leftMs: number } | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    const leftMs = entry.expiresAtMs - nowMs;
    if (leftMs > 0) return { value: entry.value, leftMs };
    this.#entries.delete(key);
    return undefined;
  }

  set(key: string, value: V, expiresAtMs: number, weight: number): void {
    this.#entries.set(key, { value, expiresAtMs }, weight);
  }

  clear(): void {
    this.#entries.clear();
  }
}
