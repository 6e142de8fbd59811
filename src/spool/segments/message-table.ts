// The messages that are not done, as rows of numbers in typed arrays: about 50 bytes each, index included. A hash index
// with open addressing finds them by queue id. The key is two numbers, since a string would need more memory than the row.

const firstRows = 1024;
const none = -1;

/** One typed array for each column. */
export class MessageTable {
  group = new Uint32Array(firstRows);
  counter = new Uint32Array(firstRows);
  /** Index of the segment in `LiveSegments`; -1 while only the journal knows the message. */
  segment = new Int32Array(firstRows);
  offset = new Uint32Array(firstRows);
  length = new Uint32Array(firstRows);
  recipients = new Uint32Array(firstRows);
  /** Number of recipients that are not done. */
  waiting = new Uint32Array(firstRows);
  /** Base of the message's block in `RecipientStates`; -1 if none. */
  states = new Int32Array(firstRows);
  /** Rows of the neighbours in the list of the segment's messages; -1 at the ends. */
  next = new Int32Array(firstRows);
  previous = new Int32Array(firstRows);
  /** Number of readers for which the record must stay where it is. */
  pins = new Uint16Array(firstRows);
  flags = new Uint8Array(firstRows);
  /** For how long the message had waited when its sender was last told of that, in ms; only of those that were warned about. */
  readonly warnedAfterMs = new Map<number, number>();
  /** The hash index: row + 1, 0 for an empty slot. Its size is a power of two, and at most 3/4 are used. */
  #slots = new Uint32Array(firstRows * 2);
  #count = 0;
  #used = 0;
  #free: number[] = [];

  get count(): number {
    return this.#count;
  }

  /** Number of rows ever used: all row numbers are below it. */
  get rows(): number {
    return this.#used;
  }

  isUsed(row: number): boolean {
    return this.flags[row] !== undefined && ((this.flags[row] ?? 0) & flagUsed) !== 0;
  }

  setPassesHolds(row: number): void {
    this.flags[row] = (this.flags[row] ?? 0) | flagPassesHolds;
  }

  passesHolds(row: number): boolean {
    return ((this.flags[row] ?? 0) & flagPassesHolds) !== 0;
  }

  /** The row of a queue id; -1 if it has none. */
  find(group: number, counter: number): number {
    const mask = this.#slots.length - 1;
    for (let slot = hash(group, counter) & mask; ; slot = (slot + 1) & mask) {
      const row = (this.#slots[slot] ?? 0) - 1;
      if (row < 0) return none;
      if (this.counter[row] === counter && this.group[row] === group) return row;
    }
  }

  /** Adds a row for a queue id that has none. */
  insert(group: number, counter: number): number {
    if ((this.#count + 1) * 4 > this.#slots.length * 3) this.#rehash(this.#slots.length * 2);
    const row = this.#free.pop() ?? this.#used++;
    if (row >= this.group.length) this.#grow(this.group.length * 2);
    this.#count++;
    this.group[row] = group;
    this.counter[row] = counter;
    this.segment[row] = none;
    this.recipients[row] = 0;
    this.waiting[row] = 0;
    this.states[row] = none;
    this.next[row] = none;
    this.previous[row] = none;
    this.pins[row] = 0;
    this.flags[row] = flagUsed;
    this.#addToIndex(row);
    return row;
  }

  remove(row: number): void {
    this.#removeFromIndex(row);
    this.flags[row] = 0;
    this.warnedAfterMs.delete(row);
    this.#free.push(row);
    this.#count--;
  }

  #addToIndex(row: number): void {
    const mask = this.#slots.length - 1;
    let slot = hash(this.group[row] ?? 0, this.counter[row] ?? 0) & mask;
    while ((this.#slots[slot] ?? 0) !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = row + 1;
  }

  /** Removes a row from the index. Later entries move up, so that no tombstone is left (Knuth 6.4, algorithm R). */
  #removeFromIndex(row: number): void {
    const mask = this.#slots.length - 1;
    let hole = hash(this.group[row] ?? 0, this.counter[row] ?? 0) & mask;
    while (this.#slots[hole] !== row + 1) hole = (hole + 1) & mask;
    for (let slot = (hole + 1) & mask; ; slot = (slot + 1) & mask) {
      const other = (this.#slots[slot] ?? 0) - 1;
      if (other < 0) break;
      const home = hash(this.group[other] ?? 0, this.counter[other] ?? 0) & mask;
      if (((slot - home) & mask) < ((slot - hole) & mask)) continue;
      this.#slots[hole] = other + 1;
      hole = slot;
    }
    this.#slots[hole] = 0;
  }

  #rehash(size: number): void {
    this.#slots = new Uint32Array(size);
    for (let row = 0; row < this.#used; row++) if (this.isUsed(row)) this.#addToIndex(row);
  }

  #grow(rows: number): void {
    this.group = copied(new Uint32Array(rows), this.group);
    this.counter = copied(new Uint32Array(rows), this.counter);
    this.segment = copied(new Int32Array(rows), this.segment);
    this.offset = copied(new Uint32Array(rows), this.offset);
    this.length = copied(new Uint32Array(rows), this.length);
    this.recipients = copied(new Uint32Array(rows), this.recipients);
    this.waiting = copied(new Uint32Array(rows), this.waiting);
    this.states = copied(new Int32Array(rows), this.states);
    this.next = copied(new Int32Array(rows), this.next);
    this.previous = copied(new Int32Array(rows), this.previous);
    this.pins = copied(new Uint16Array(rows), this.pins);
    this.flags = copied(new Uint8Array(rows), this.flags);
  }
}

const flagUsed = 1;
export const flagHeld = 2;
/** Its record could not be copied, so it is not moved any more. */
export const flagUnmovable = 4;
/** Its record or content is damaged, so it cannot be delivered. */
export const flagDamaged = 8;
/** Only the file `holds` knows it so far. It may be done and its segment removed long ago. */
export const flagHoldOnly = 16;
/** It was released last: a quarantine in its envelope does not hold it any more. */
export const flagReleased = 32;
/** Routes that hold mail do not hold it. */
const flagPassesHolds = 64;

function copied<T extends Uint8Array | Uint16Array | Uint32Array | Int32Array>(to: T, from: T): T {
  to.set(from);
  return to;
}

/** Counters are dense within a group, so the hash must mix both numbers well. */
function hash(group: number, counter: number): number {
  let mixed = Math.imul(group, 0x9e3779b1) ^ Math.imul(counter, 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d);
  return (mixed ^ (mixed >>> 13)) >>> 0;
}
