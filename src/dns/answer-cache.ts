// Cache of answers until their TTL is over, with one bound for all record types together. Reads no clock: the caller passes
// the time.

import { RecentMap } from './recent-map.ts';

interface Entry {
  readonly value: unknown;
  readonly expiresAtMs: number;
}

/** `maxWeight` bounds the sum of the weights given to `set`. */
export class AnswerCache {
  readonly #entries: RecentMap<string, Entry>;

  constructor(maxWeight: number) {
    this.#entries = new RecentMap(maxWeight);
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The part of the cache for one record type; keys of different parts never collide. */
  part<V>(type: string): AnswerCachePart<V> {
    return new AnswerCachePart(this.#entries, type);
  }

  clear(): void {
    this.#entries.clear();
  }
}

export class AnswerCachePart<V> {
  readonly #entries: RecentMap<string, Entry>;
  readonly #prefix: string;

  constructor(entries: RecentMap<string, Entry>, type: string) {
    this.#entries = entries;
    this.#prefix = `${type} `;
  }

  /** The value, and the ms until it expires. */
  get(name: string, nowMs: number): { readonly value: V; readonly leftMs: number } | undefined {
    const key = this.#prefix + name;
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    const leftMs = entry.expiresAtMs - nowMs;
    // Only this part puts values under its prefix.
    if (leftMs > 0) return { value: entry.value as V, leftMs };
    this.#entries.delete(key);
    return undefined;
  }

  set(name: string, value: V, expiresAtMs: number, weight: number): void {
    this.#entries.set(this.#prefix + name, { value, expiresAtMs }, weight);
  }
}
