// Rows of a store: handed out, taken back through a free list, grown together.
// The free list is threaded through one of the store's own columns, so a free row costs nothing more.

import type { Int32Column } from './columns.ts';

const firstCapacity = 16;
/** Rows until which a store doubles. Doubling a large one would leave up to half of its memory empty. */
const doubledTo = 16_384;

interface Growable {
  grow(capacity: number): void;
}

/** The next capacity when all rows are taken. Growing by an eighth copies each row about eight times in all. */
function nextCapacity(capacity: number): number {
  if (capacity < doubledTo) return Math.max(firstCapacity, capacity * 2);
  return capacity + (capacity >> 3);
}

/** Gives out row numbers for a set of columns: the least memory that a store of records takes in JavaScript. */
export class Slots {
  readonly #links: Int32Column;
  readonly #columns: readonly Growable[];
  #free = -1;
  #capacity = 0;
  #end = 0;
  #live = 0;

  /** `links` is the column that chains free rows; its value is undefined in a row just taken. */
  constructor(links: Int32Column, columns: readonly Growable[]) {
    this.#links = links;
    this.#columns = [links, ...columns];
  }

  /** Rows in use. */
  get live(): number {
    return this.#live;
  }

  /** All rows ever used are below this. */
  get end(): number {
    return this.#end;
  }

  take(): number {
    this.#live++;
    const row = this.#free;
    if (row >= 0) {
      this.#free = this.#links.get(row);
      return row;
    }
    if (this.#end === this.#capacity) this.#grow();
    return this.#end++;
  }

  give(row: number): void {
    this.#live--;
    this.#links.set(row, this.#free);
    this.#free = row;
  }

  #grow(): void {
    this.#capacity = nextCapacity(this.#capacity);
    for (const column of this.#columns) column.grow(this.#capacity);
  }
}
