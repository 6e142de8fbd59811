// Finds a copy of a damaged header and envelope in the index of the segment. The last index is kept for a few seconds,
// because a listing of a damaged segment asks for one message after the other.

import type { Timer, Timers } from '../../io/timers.ts';
import type { FileLayer } from '../file-layer.ts';
import { indexPath, type SpoolLayout } from './layout.ts';
import { readIndex, type FoundRecord } from './segment-index.ts';
import { systemCode } from '../spool-error.ts';
import type { SegmentPlace } from './segment-place.ts';

const keepMs = 5_000;

interface Kept {
  readonly segment: number;
  readonly records: Promise<ReadonlyMap<number, FoundRecord>>;
}

export class IndexCopies {
  readonly #files: FileLayer;
  readonly #layout: SpoolLayout;
  #kept: Kept | undefined;
  readonly #timers: Timers;
  #timer: Timer | undefined;

  constructor(files: FileLayer, layout: SpoolLayout, timers: Timers) {
    this.#files = files;
    this.#timers = timers;
    this.#layout = layout;
  }

  /** Undefined when there is no index, or it does not have this record. */
  async find(place: SegmentPlace): Promise<FoundRecord | undefined> {
    if (this.#kept?.segment !== place.segment) {
      this.#kept = { segment: place.segment, records: this.#read(place.segment) };
    }
    this.#timers.clear(this.#timer);
    this.#timer = this.#timers.setTimeout(() => this.close(), keepMs).unref();
    const kept = this.#kept;
    const records = await kept.records.catch((error: unknown) => {
      // The next call reads the index again.
      if (this.#kept === kept) this.#kept = undefined;
      throw error;
    });
    const record = records.get(place.offset);
    return record?.head.length === place.length ? record : undefined;
  }

  async #read(segment: number): Promise<ReadonlyMap<number, FoundRecord>> {
    try {
      const { records } = await readIndex(this.#files, indexPath(this.#layout, segment), segment);
      return new Map(records.map((record) => [record.offset, record]));
    } catch (error) {
      if (['ENOENT', 'SPOOL_FOREIGN'].includes(systemCode(error))) return new Map();
      throw error;
    }
  }

  close(): void {
    this.#timers.clear(this.#timer);
    this.#kept = undefined;
  }
}
