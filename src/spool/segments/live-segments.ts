// The segments that exist, with the number of messages and bytes in each that are still needed.

import type { IdGroup } from './id-groups.ts';
import { slotOf } from '../queue-id.ts';

/** How many removed segments are remembered, so that a late report of a message in one is not taken for a new message. */
const maxRemoved = 10_000;

export interface LiveSegment {
  readonly index: number;
  readonly id: number;
  readonly slot: number;
  /** Known length of the file in bytes; it may still grow. */
  length: number;
  /** Number of messages in this segment that are not done. */
  liveMessages: number;
  /** Bytes of their records. */
  liveBytes: number;
  /** First row in the list of messages that are not done; -1 if there are none. */
  firstRow: number;
  /** Number of known records; their messages may be done. */
  records: number;
  readonly groups: Set<IdGroup>;
  /** True if no more records will come: it has an index, or its slot has a newer segment. */
  closed: boolean;
  /** True if it is closed and all its records are known. */
  complete: boolean;
  /** Unix ms at which it was first seen closed but not complete; 0: not yet; Infinity: it was searched. */
  incompleteSinceMs: number;
  /** Unix ms from which its age is counted; 0: not determined yet. */
  agesFromMs: number;
  /** True if its files must be moved to `damaged` instead of being removed. */
  isDamaged: boolean;
}

export class LiveSegments {
  readonly #byId = new Map<number, LiveSegment>();
  readonly #segments: (LiveSegment | undefined)[] = [];
  readonly #free: number[] = [];
  readonly #removed = new Set<number>();
  /** The newest segment of each slot at the last recovery. */
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
      liveMessages: 0,
      liveBytes: 0,
      firstRow: -1,
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
    if (this.#removed.size > maxRemoved) {
      for (const oldest of this.#removed) {
        this.#removed.delete(oldest);
        break;
      }
    }
  }

  wasRemoved(id: number): boolean {
    return this.#removed.has(id);
  }

  /** Notes the newest segment of each slot, as recovery has listed them. */
  setNewestFound(newest: ReadonlyMap<number, number>): void {
    this.#newestFound = newest;
  }

  /**
   * True if an earlier store has removed a segment. Ids of a slot only grow and its newest segment is never removed, so an
   * older segment that recovery did not find cannot be a new one.
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
