// Groups of queue ids that begin with the same segment id, with one bit for each message: set when it is done. A group is
// kept as long as a segment file has a record of one of its messages; otherwise recovery would deliver the message again.

import { segmentName } from '../queue-id.ts';

export interface IdGroup {
  readonly index: number;
  readonly idSegment: number;
  /** First 11 characters of the queue ids. */
  readonly prefix: string;
  /** Bit `counter` is set when that message is done. */
  done: Uint8Array;
  /** Number of segments that have records of this group. */
  references: number;
}

export class IdGroups {
  readonly #byId = new Map<number, IdGroup>();
  readonly #groups: (IdGroup | undefined)[] = [];
  readonly #free: number[] = [];

  get(idSegment: number): IdGroup | undefined {
    return this.#byId.get(idSegment);
  }

  at(index: number): IdGroup {
    const group = this.#groups[index];
    if (group === undefined) throw new Error(`no id group ${index}`);
    return group;
  }

  ensure(idSegment: number): IdGroup {
    const known = this.#byId.get(idSegment);
    if (known !== undefined) return known;
    const index = this.#free.pop() ?? this.#groups.length;
    const group = {
      index,
      idSegment,
      prefix: segmentName(idSegment),
      done: new Uint8Array(0),
      references: 0,
    };
    this.#groups[index] = group;
    this.#byId.set(idSegment, group);
    return group;
  }

  release(group: IdGroup): void {
    group.references--;
    if (group.references === 0) this.#drop(group);
  }

  /** Forgets groups of which no segment has a record. */
  dropUnreferenced(): void {
    for (const group of this.#byId.values()) if (group.references === 0) this.#drop(group);
  }

  /** From now on, forgets none of the groups that there are, also when the last known segment with its records is removed. */
  keepAll(): void {
    for (const group of this.#byId.values()) group.references++;
  }

  #drop(group: IdGroup): void {
    this.#byId.delete(group.idSegment);
    this.#groups[group.index] = undefined;
    this.#free.push(group.index);
  }

  [Symbol.iterator](): IterableIterator<IdGroup> {
    return this.#byId.values();
  }
}

export function isDone(group: IdGroup, counter: number): boolean {
  return ((group.done[counter >>> 3] ?? 0) & (1 << (counter & 7))) !== 0;
}

export function markDone(group: IdGroup, counter: number): void {
  const byte = counter >>> 3;
  if (byte >= group.done.length) {
    const grown = new Uint8Array(Math.max(64, (byte + 1) * 2));
    grown.set(group.done);
    group.done = grown;
  }
  group.done[byte] = (group.done[byte] ?? 0) | (1 << (counter & 7));
}

/** The counters of messages that are done, as pairs of first counter and count. */
export function doneRanges(group: IdGroup): number[] {
  const ranges: number[] = [];
  const bits = group.done.length * 8;
  let start = -1;
  for (let counter = 0; counter <= bits; counter++) {
    if (start < 0 && (counter & 7) === 0 && group.done[counter >>> 3] === 0) {
      counter += 7;
      continue;
    }
    const done = counter < bits && isDone(group, counter);
    if (done && start < 0) start = counter;
    else if (!done && start >= 0) {
      ranges.push(start, counter - start);
      start = -1;
    }
  }
  return ranges;
}
