// File descriptors of segments, kept open for a few seconds after they were used, and not longer: a removed segment frees
// its space only when its last descriptor is closed.

import type { Timer, Timers } from '../../io/timers.ts';
import type { FileLayer } from '../file-layer.ts';
import { segmentPath, type SpoolLayout } from './layout.ts';

const maxOpen = 128;
const sweepMs = 5000;

interface OpenSegment {
  readonly fd: number;
  /** Number of asynchronous reads in progress: it must not be closed meanwhile. */
  busy: number;
  /** True if it was used since the last sweep. */
  usedSinceSweep: boolean;
}

export class OpenSegments {
  readonly #files: FileLayer;
  readonly #layout: SpoolLayout;
  readonly #open = new Map<number, OpenSegment>();
  readonly #timers: Timers;
  #timer: Timer | undefined;

  constructor(files: FileLayer, layout: SpoolLayout, timers: Timers) {
    this.#files = files;
    this.#timers = timers;
    this.#layout = layout;
  }

  /** The descriptor of a segment; valid until the end of the caller's synchronous code. */
  fdSync(segment: number): number {
    const known = this.#open.get(segment);
    if (known !== undefined) {
      known.usedSinceSweep = true;
      return known.fd;
    }
    return this.#add(segment, this.#files.openSync(segmentPath(this.#layout, segment), 'r')).fd;
  }

  /** Runs `use` with a descriptor that stays open until its promise settles. */
  async with<T>(segment: number, use: (fd: number) => Promise<T>): Promise<T> {
    let entry = this.#open.get(segment);
    if (entry === undefined) {
      const fd = await this.#files.open(segmentPath(this.#layout, segment), 'r');
      // Another read may have opened it meanwhile.
      entry = this.#open.get(segment);
      if (entry === undefined) entry = this.#add(segment, fd);
      else this.#files.closeSync(fd);
    }
    entry.usedSinceSweep = true;
    entry.busy++;
    try {
      return await use(entry.fd);
    } finally {
      entry.busy--;
      // `close` was called meanwhile, and has left this descriptor open for the read.
      if (entry.busy === 0 && this.#open.get(segment) !== entry) this.#files.closeSync(entry.fd);
    }
  }

  #add(segment: number, fd: number): OpenSegment {
    if (this.#open.size >= maxOpen) this.#sweep();
    const entry = { fd, busy: 0, usedSinceSweep: true };
    this.#open.set(segment, entry);
    this.#timer ??= this.#timers.setInterval(() => this.#sweep(), sweepMs).unref();
    return entry;
  }

  #sweep(): void {
    const full = this.#open.size >= maxOpen;
    for (const [segment, entry] of this.#open) {
      if (entry.busy > 0) continue;
      if (entry.usedSinceSweep && !full) {
        entry.usedSinceSweep = false;
        continue;
      }
      this.#open.delete(segment);
      this.#files.closeSync(entry.fd);
    }
    if (this.#open.size === 0) this.#stop();
  }

  #stop(): void {
    this.#timers.clear(this.#timer);
    this.#timer = undefined;
  }

  /** Closes all descriptors; one that is being read is closed at the end of its read. */
  close(): void {
    this.#stop();
    for (const { fd, busy } of this.#open.values()) if (busy === 0) this.#files.closeSync(fd);
    this.#open.clear();
  }
}
