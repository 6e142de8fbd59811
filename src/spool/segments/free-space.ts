// Tells whether a message fits on the disk without using the reserve. Free space is measured (statfs) at most once a
// second; in between, our own writes are subtracted. A measurement older than that refuses nothing: it is repeated first.

import type { FileLayer } from '../file-layer.ts';

const refreshMs = 1000;

export class FreeSpace {
  readonly #files: FileLayer;
  readonly #directory: string;
  readonly #reserveBytes: number;
  readonly #now: () => number;
  #free = 0;
  #measuredAtMs = 0;
  #measuring = false;

  constructor(files: FileLayer, directory: string, reserveBytes: number, now: () => number) {
    this.#files = files;
    this.#directory = directory;
    this.#reserveBytes = reserveBytes;
    this.#now = now;
  }

  async measure(): Promise<void> {
    this.#measuring = true;
    try {
      this.#free = await this.#files.freeBytes(this.#directory);
    } finally {
      this.#measuredAtMs = this.#now();
      this.#measuring = false;
    }
  }

  /** Subtracts bytes that are about to be written. */
  subtract(bytes: number): void {
    this.#free -= bytes;
  }

  /**
   * After a write that found no room: nothing fits until the next measurement. The last one is wrong then, because
   * another program has filled the disk, or because a quota limits this user.
   */
  markFull(): void {
    this.#free = 0;
    this.#measuredAtMs = this.#now();
  }

  /**
   * True if `bytes` fit above the reserve. When the measurement is old, it is repeated: after a positive answer in the
   * background, before a negative answer at once.
   */
  hasRoom(bytes: number): boolean {
    const age = this.#now() - this.#measuredAtMs;
    const isOld = age >= refreshMs || age < 0;
    if (this.#free - bytes >= this.#reserveBytes) {
      if (isOld && !this.#measuring) this.measure().catch(() => undefined);
      return true;
    }
    if (isOld) this.#measureNow();
    return this.#free - bytes >= this.#reserveBytes;
  }

  /** Blocks for one system call, at most once a second, and only before mail would be refused. */
  #measureNow(): void {
    try {
      this.#free = this.#files.freeBytesSync(this.#directory);
    } catch {
      // The previous measurement stays in use.
    }
    this.#measuredAtMs = this.#now();
  }
}
