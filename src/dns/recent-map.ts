// A bounded map that keeps what was used recently. Two generations stand in for an exact order: one is used and filled,
// and when it is full, the other is dropped as a whole. (A Map in order of use was tried first: finding its oldest entry
// walks over the holes that deleted ones leave, 45 us at 50,000 entries.)

interface Held<V> {
  readonly value: V;
  readonly weight: number;
}

export class RecentMap<K, V> {
  readonly #maxGenerationWeight: number;
  #young = new Map<K, Held<V>>();
  #old = new Map<K, Held<V>>();
  #youngWeight = 0;

  /** @param maxWeight bounds the sum of all weights; what was used since half of it came in is never dropped */
  constructor(maxWeight: number) {
    this.#maxGenerationWeight = Math.max(1, Math.floor(maxWeight / 2));
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  get(key: K): V | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young.value;
    const old = this.#old.get(key);
    if (old === undefined) return undefined;
    this.#old.delete(key);
    this.#put(key, old);
    return old.value;
  }

  /** Something that weighs more than half the map can is not kept. */
  set(key: K, value: V, weight = 1): void {
    this.delete(key);
    if (weight <= this.#maxGenerationWeight) this.#put(key, { value, weight });
  }

  delete(key: K): void {
    const young = this.#young.get(key);
    if (young === undefined) {
      this.#old.delete(key);
      return;
    }
    this.#young.delete(key);
    this.#youngWeight -= young.weight;
  }

  clear(): void {
    this.#young = new Map();
    this.#old = new Map();
    this.#youngWeight = 0;
  }

  #put(key: K, held: Held<V>): void {
    if (this.#youngWeight + held.weight > this.#maxGenerationWeight) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#youngWeight = 0;
    }
    this.#young.set(key, held);
    this.#youngWeight += held.weight;
  }
}
