// Where a record is: what a reference to a stored message means to the segment store.

import { SpoolError } from '../spool-error.ts';
import type { StoredRef } from '../types.ts';

export interface SegmentPlace {
  /** The segment's id; never used again, below 2^53. */
  readonly segment: number;
  /** Byte offset of the record in the segment. */
  readonly offset: number;
  /** Bytes of the whole record, header included. */
  readonly length: number;
}

export function segmentRef(store: number, segment: number, offset: number, length: number): StoredRef {
  return { store, place: [segment, offset, length] };
}

/** @throws {SpoolError} `SPOOL_MISSING` when the reference is not one of a segment store */
export function segmentPlace({ place }: StoredRef): SegmentPlace {
  const [segment, offset, length] = place;
  if (segment === undefined || offset === undefined || length === undefined) {
    throw new SpoolError(
      'SPOOL_MISSING',
      `reading a message: [${place.join(', ')}] is not a place in a segment`,
    );
  }
  return { segment, offset, length };
}
