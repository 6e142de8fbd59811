// File descriptors of segments being read, kept for a few seconds: a segment that was unlinked gives its space back
// only when the last descriptor is closed.

import type { Timer, Timers } from '../io/timers.ts';
import type { FileLayer } from './file-layer.ts';
import { segmentPath, type SpoolLayout } from './layout.ts';

const maxOpen = 128;
const sweepMs = 5000;

interface OpenSegment {
  readonly fd: number;
  /** Asynchronous reads under way: it must not be closed. */
  busy: number;
  /** Since the last sweep. */
  used: boolean;
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

  /** The descriptor of a segment; valid until the caller gives control back. */
  fdSync(segment: number): number {
    const known = this.#open.get(segment);
    if (known !== undefined) {
      known.used = true;
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
    entry.used = true;
    entry.busy++;
    try {
      return await use(entry.fd);
    } finally {
      entry.busy--;
    }
  }

  #add(segment: number, fd: number): OpenSegment {
    if (this.#open.size >= maxOpen) this.#sweep();
    const entry = { fd, busy: 0, used: true };
    this.#open.set(segment, entry);
    this.#timer ??= this.#timers.setInterval(() => this.#sweep(), sweepMs).unref();
    return entry;
  }

  #sweep(): void {
    const full = this.#open.size >= maxOpen;
    for (const [segment, entry] of this.#open) {
      if (entry.busy > 0) continue;
      if (entry.used && !full) {
        entry.used = false;
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

  close(): void {
    this.#stop();
    for (const { fd, busy } of this.#open.values()) if (busy === 0) this.#files.closeSync(fd);
    this.#open.clear();
  }
}
