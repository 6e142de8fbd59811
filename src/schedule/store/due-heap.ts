// A binary heap of rows ordered by a time that lives in the row's own column; any row can be taken out of the middle.
// Williams' heap (CACM 7, 1964) with positions: every operation O(log n), 8 bytes per row.

import { Int32Column, type TimeColumn } from './columns.ts';

/** The earliest row first; equal times in an order that depends on the operations only. */
export class DueHeap {
  /** Place in the heap plus one; 0: not in the heap. */
  readonly positions = new Int32Column();
  readonly #due: TimeColumn;
  readonly #rows = new Int32Column();
  #size = 0;

  constructor(due: TimeColumn) {
    this.#due = due;
  }

  /** Grows with the rows of the store. */
  grow(capacity: number): void {
    this.positions.grow(capacity);
    this.#rows.grow(capacity);
  }

  get size(): number {
    return this.#size;
  }

  /** The earliest row, -1 if empty. */
  first(): number {
    return this.#size === 0 ? -1 : this.#rows.get(0);
  }

  /** Time of the earliest row; Infinity if empty. */
  firstDueMs(): number {
    return this.#size === 0 ? Infinity : this.#due.get(this.#rows.get(0));
  }

  has(row: number): boolean {
    return this.positions.get(row) !== 0;
  }

  /** Puts a row in, or moves it when it is there already. Nothing is due before its time: parts of a ms are rounded up. */
  put(row: number, dueAtMs: number): void {
    const dueMs = Math.ceil(dueAtMs);
    const position = this.positions.get(row);
    const before = this.#due.get(row);
    this.#due.set(row, dueMs);
    if (position === 0) {
      this.#size++;
      this.#place(this.#size - 1, row);
      this.#up(this.#size - 1);
    } else if (dueMs < before) {
      this.#up(position - 1);
    } else {
      this.#down(position - 1);
    }
  }

  /** Takes a row out; nothing happens when it is not in. Its time stays in the column. */
  take(row: number): void {
    const position = this.positions.get(row);
    if (position === 0) return;
    this.positions.set(row, 0);
    this.#size--;
    const hole = position - 1;
    if (hole === this.#size) return;
    this.#place(hole, this.#rows.get(this.#size));
    this.#up(hole);
    this.#down(hole);
  }

  #place(at: number, row: number): void {
    this.#rows.set(at, row);
    this.positions.set(row, at + 1);
  }

  #up(start: number): void {
    const rows = this.#rows;
    const due = this.#due;
    const row = rows.get(start);
    const key = due.get(row);
    let at = start;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = rows.get(parent);
      if (due.get(above) <= key) break;
      this.#place(at, above);
      at = parent;
    }
    if (at !== start) this.#place(at, row);
  }

  #down(start: number): void {
    const rows = this.#rows;
    const due = this.#due;
    const row = rows.get(start);
    const key = due.get(row);
    let at = start;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= this.#size) break;
      if (child + 1 < this.#size && due.get(rows.get(child + 1)) < due.get(rows.get(child))) child++;
      const below = rows.get(child);
      if (due.get(below) >= key) break;
      this.#place(at, below);
      at = child;
    }
    if (at !== start) this.#place(at, row);
  }
}
