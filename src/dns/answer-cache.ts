// Answers kept until their TTL is over, least recently used out first. Reads no clock: the caller brings the time.

interface Entry<V> {
  readonly value: V;
  readonly expiresAtMs: number;
  readonly weight: number;
}

/** A bounded map whose entries end; `maxWeight` bounds the sum of the weights given to `set`. */
export class AnswerCache<V> {
  readonly #maxWeight: number;
  // A Map keeps the order of insertion: what is used is put in anew, so the first is the least recently used.
  readonly #entries = new Map<string, Entry<V>>();
  #weight = 0;

  constructor(maxWeight: number) {
    this.#maxWeight = maxWeight;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The value and the ms that are left of it. */
  get(key: string, nowMs: number): { readonly value: V; readonly leftMs: number } | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    const leftMs = entry.expiresAtMs - nowMs;
    if (leftMs <= 0) {
      this.#remove(key, entry);
      return undefined;
    }
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return { value: entry.value, leftMs };
  }

  /** Keeps a value; one that is heavier than the whole cache is not kept. */
  set(key: string, value: V, expiresAtMs: number, weight: number): void {
    const old = this.#entries.get(key);
    if (old !== undefined) this.#remove(key, old);
    if (weight > this.#maxWeight) return;
    for (const [oldest, entry] of this.#entries) {
      if (this.#weight + weight <= this.#maxWeight) break;
      this.#remove(oldest, entry);
    }
    this.#entries.set(key, { value, expiresAtMs, weight });
    this.#weight += weight;
  }

  clear(): void {
    this.#entries.clear();
    this.#weight = 0;
  }

  #remove(key: string, entry: Entry<V>): void {
    this.#entries.delete(key);
    this.#weight -= entry.weight;
  }
}
