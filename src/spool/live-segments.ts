// The segment files that exist, and how much of each is still wanted.

import type { IdGroup } from './id-groups.ts';
import { slotOf } from './queue-id.ts';

/** How many removed segments are remembered, so that a late report of one is not taken for a new message. */
const remembered = 10_000;

export interface LiveSegment {
  readonly index: number;
  readonly id: number;
  readonly slot: number;
  /** Bytes known of. */
  length: number;
  /** Messages here that are not done, and the bytes of their records. */
  live: number;
  liveBytes: number;
  /** First row in the list of its messages; -1 if none. */
  first: number;
  /** Records known of, done or not. */
  records: number;
  readonly groups: Set<IdGroup>;
  /** No more records will come: it has an index, or its slot has a newer segment. */
  closed: boolean;
  /** Closed, and every record in it is known of. */
  complete: boolean;
  /** Unix ms at which it was first found closed but not complete; 0: not yet. */
  incompleteSinceMs: number;
  /** Unix ms from which its age counts; 0: nobody has asked yet. */
  agesFromMs: number;
  /** Its files are to be set aside, not removed. */
  isDamaged: boolean;
}

export class LiveSegments {
  readonly #byId = new Map<number, LiveSegment>();
  readonly #segments: (LiveSegment | undefined)[] = [];
  readonly #free: number[] = [];
  readonly #removed = new Set<number>();
  /** Of each slot, the newest segment that recovery has found. */
  #newestFound: ReadonlyMap<number, number> = new Map();

  get count(): number {
    return this.#byId.size;
  }

  get(id: number): LiveSegment | undefined {
    return this.#byId.get(id);
  }

  has(id: number): boolean {
    return this.#byId.has(id);
  }

  at(index: number): LiveSegment {
    const segment = this.#segments[index];
    if (segment === undefined) throw new Error(`no segment at ${index}`);
    return segment;
  }

  ensure(id: number): LiveSegment {
    const known = this.#byId.get(id);
    if (known !== undefined) return known;
    const index = this.#free.pop() ?? this.#segments.length;
    const segment: LiveSegment = {
      index,
      id,
      slot: slotOf(id),
      length: 0,
      live: 0,
      liveBytes: 0,
      first: -1,
      records: 0,
      groups: new Set(),
      closed: false,
      complete: false,
      incompleteSinceMs: 0,
      agesFromMs: 0,
      isDamaged: false,
    };
    this.#segments[index] = segment;
    this.#byId.set(id, segment);
    return segment;
  }

  remove(segment: LiveSegment): void {
    this.#byId.delete(segment.id);
    this.#segments[segment.index] = undefined;
    this.#free.push(segment.index);
    this.#removed.add(segment.id);
    if (this.#removed.size > remembered) {
      for (const oldest of this.#removed) {
        this.#removed.delete(oldest);
        break;
      }
    }
  }

  wasRemoved(id: number): boolean {
    return this.#removed.has(id);
  }

  /** Recovery has listed the segments: what is there now, and what is older than the newest of its slot, is all there is. */
  foundNewest(newest: ReadonlyMap<number, number>): void {
    this.#newestFound = newest;
  }

  /**
   * Was a segment removed by the store before this one? Ids of a slot only grow and the newest of a slot is never removed, so
   * one that is older than that and was not there at recovery is no new one.
   */
  wasRemovedBefore(id: number): boolean {
    return !this.#byId.has(id) && id < (this.#newestFound.get(slotOf(id)) ?? -1);
  }

  [Symbol.iterator](): IterableIterator<LiveSegment> {
    return this.#byId.values();
  }
}

export function addGroup(segment: LiveSegment, group: IdGroup): void {
  if (segment.groups.has(group)) return;
  segment.groups.add(group);
  group.references++;
}
