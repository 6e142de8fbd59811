// A list of things with names that stays fast when it is long: where the n-th thing of a name stands is found, and things are put in and taken out,
// without a walk over all of them.

export interface Named {
  readonly name: string;
}

interface Chunk<Item> {
  readonly items: Item[];
  /** How many of its items have a name; made at the first question. */
  counts: Map<string, number> | undefined;
}

/** A chunk that would be longer is split in two. Most lists are one chunk. */
const mostItems = 512;

export class NamedList<Item extends Named> {
  readonly #chunks: Chunk<Item>[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  get last(): Item | undefined {
    return this.#chunks.at(-1)?.items.at(-1);
  }

  *[Symbol.iterator](): Generator<Item, void> {
    for (const { items } of this.#chunks) yield* items;
  }

  push(item: Item): void {
    this.insert(this.#length, item);
  }

  /** @param index - of the item that it is put before; at the end when there is none */
  insert(index: number, item: Item): void {
    if (this.#chunks.length === 0) this.#chunks.push({ items: [], counts: undefined });
    const last = this.#chunks.length - 1;
    const place = this.#placeOf(index);
    const number = place?.number ?? last;
    const chunk = this.#chunks[number] as Chunk<Item>;
    chunk.items.splice(place?.at ?? chunk.items.length, 0, item);
    count(chunk, item, 1);
    this.#length++;
    if (chunk.items.length <= mostItems) return;
    // What is only added at the end leaves full chunks behind.
    const from = place === undefined ? mostItems : mostItems / 2;
    this.#chunks.splice(number + 1, 0, { items: chunk.items.splice(from), counts: undefined });
    chunk.counts = undefined;
  }

  /** Puts another item in the place of one; does nothing when there is none. */
  replace(index: number, item: Item): void {
    const place = this.#placeOf(index);
    if (place === undefined) return;
    const { chunk, at } = place;
    count(chunk, chunk.items[at] as Item, -1);
    chunk.items[at] = item;
    count(chunk, item, 1);
  }

  /** Does nothing when there is no such item. */
  remove(index: number): void {
    const place = this.#placeOf(index);
    if (place === undefined) return;
    const { chunk, at, number } = place;
    count(chunk, chunk.items[at] as Item, -1);
    chunk.items.splice(at, 1);
    this.#length--;
    if (chunk.items.length === 0) this.#chunks.splice(number, 1);
  }

  /**
   * Where an item of a name stands.
   * @param occurrence - which one, from 1
   * @returns -1 when there are fewer
   */
  indexOf(name: string, occurrence: number): number {
    let left = occurrence;
    let start = 0;
    for (const chunk of this.#chunks) {
      chunk.counts ??= countsOf(chunk.items);
      const found = chunk.counts.get(name) ?? 0;
      if (left <= found) return start + chunk.items.findIndex((item) => item.name === name && --left === 0);
      left -= found;
      start += chunk.items.length;
    }
    return -1;
  }

  #placeOf(index: number): { chunk: Chunk<Item>; number: number; at: number } | undefined {
    if (index < 0 || index >= this.#length) return undefined;
    // From the nearer end.
    if (index >= this.#length / 2) {
      let start = this.#length;
      for (let number = this.#chunks.length - 1; number >= 0; number--) {
        const chunk = this.#chunks[number] as Chunk<Item>;
        start -= chunk.items.length;
        if (index >= start) return { chunk, number, at: index - start };
      }
    }
    let at = index;
    for (let number = 0; number < this.#chunks.length; number++) {
      const chunk = this.#chunks[number] as Chunk<Item>;
      if (at < chunk.items.length) return { chunk, number, at };
      at -= chunk.items.length;
    }
    return undefined;
  }
}

function countsOf(items: readonly Named[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { name } of items) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

function count<Item extends Named>({ counts }: Chunk<Item>, { name }: Item, by: 1 | -1): void {
  counts?.set(name, (counts.get(name) ?? 0) + by);
}
