// The doubly linked list of the stores: two columns that put the rows of a store into lists. A row joins or leaves in
// constant time and without an allocation. Whoever owns a list keeps the number of its first row, in a column or a field,
// and stores what `append`, `prepend`, `insertBehind`, `remove` and `rotate` return. One chain holds any number of lists;
// a row is in one of them at most.

import { Int32Column } from './columns.ts';

/** The two columns grow with the rows of their store. An empty list is -1, and so is a row that is not there. */
export class RowChain {
  /** The row behind; -1 for the last one. Undefined for a row that is in no list. */
  readonly next = new Int32Column();
  /** The row before. The first row of a list names the last one here, so that no owner has to keep both ends. */
  readonly previous = new Int32Column();

  /** Readies a row that its store has just taken: it is in no list. Needed only where `isListed` is asked. */
  clear(row: number): void {
    this.previous.set(row, -1);
  }

  isListed(row: number): boolean {
    return this.previous.get(row) >= 0;
  }

  last(first: number): number {
    return first < 0 ? -1 : this.previous.get(first);
  }

  append(first: number, row: number): number {
    const { next, previous } = this;
    next.set(row, -1);
    if (first < 0) {
      previous.set(row, row);
      return row;
    }
    const last = previous.get(first);
    next.set(last, row);
    previous.set(row, last);
    previous.set(first, row);
    return first;
  }

  prepend(first: number, row: number): number {
    const { next, previous } = this;
    next.set(row, first);
    if (first < 0) {
      previous.set(row, row);
      return row;
    }
    previous.set(row, previous.get(first));
    previous.set(first, row);
    return row;
  }

  /** Puts a row behind another one of the list; behind -1 it becomes the first. */
  insertBehind(first: number, before: number, row: number): number {
    if (before < 0) return this.prepend(first, row);
    const { next, previous } = this;
    const after = next.get(before);
    next.set(before, row);
    next.set(row, after);
    previous.set(row, before);
    previous.set(after < 0 ? first : after, row);
    return first;
  }

  remove(first: number, row: number): number {
    const { next, previous } = this;
    const before = previous.get(row);
    const after = next.get(row);
    previous.set(row, -1);
    if (row === first) {
      if (after >= 0) previous.set(after, before);
      return after;
    }
    next.set(before, after);
    previous.set(after < 0 ? first : after, before);
    return first;
  }

  /** The first row of a list that is not empty becomes its last one. */
  rotate(first: number): number {
    const { next, previous } = this;
    const second = next.get(first);
    if (second < 0) return first;
    next.set(previous.get(first), first);
    next.set(first, -1);
    return second;
  }
}
