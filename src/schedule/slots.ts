// Rows of a store: handed out, taken back through a free list, grown together by doubling.
// The free list is threaded through one of the store's own columns, so a free row costs nothing more.

import type { Int32Column } from './columns.ts';

const firstCapacity = 16;

interface Growable {
  grow(capacity: number): void;
}

/** Gives out row numbers for a set of columns; the smallest memory that a store of structs can have in JavaScript. */
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
    this.#live += 1;
    const row = this.#free;
    if (row >= 0) {
      this.#free = this.#links.get(row);
      return row;
    }
    if (this.#end === this.#capacity) this.#grow();
    return this.#end++;
  }

  give(row: number): void {
    this.#live -= 1;
    this.#links.set(row, this.#free);
    this.#free = row;
  }

  #grow(): void {
    this.#capacity = this.#capacity === 0 ? firstCapacity : this.#capacity * 2;
    for (const column of this.#columns) column.grow(this.#capacity);
  }
}
