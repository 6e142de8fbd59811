// What a writer of segments is given, and what waits in it.

import type { Timers } from '../../io/timers.ts';
import type { FileLayer } from '../file-layer.ts';
import type { SpoolError } from '../spool-error.ts';
import type { StoredRef } from '../types.ts';
import type { SpoolLayout } from './layout.ts';
import type { NewRecord } from './segment-file.ts';

export interface SegmentWriterOptions {
  readonly layout: SpoolLayout;
  /** The number of this store, for references. */
  readonly store: number;
  readonly slot: number;
  /** Where the instance has several stores: that of this one. */
  readonly lane: number | undefined;
  readonly segmentBytes: number;
  readonly reserveBytes: number;
  readonly sync: 'fdatasync' | 'none';
  /** Messages are compressed with this level of zstd; undefined: stored as they are. */
  readonly compressionLevel: number | undefined;
  readonly files: FileLayer;
  readonly now: () => number;
  readonly timers: Timers;
}

/** A record that waits for its group, with the promise of its `append`. */
export interface WaitingRecord extends NewRecord {
  readonly resolve: (ref: StoredRef) => void;
  readonly reject: (error: SpoolError) => void;
}
