// How much may still be written before the reserve is touched: statfs at most once a second, and in between an
// estimate from our own writes. Nothing is refused because of an old measurement: others may have made room since.

import type { FileLayer } from './file-layer.ts';

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

  /** Counts bytes that are about to be written. */
  used(bytes: number): void {
    this.#free -= bytes;
  }

  /** A write found no room, whatever was measured: another program took it, or a quota holds. */
  isUsedUp(): void {
    this.#free = 0;
    this.#measuredAtMs = this.#now();
  }

  /** Answers at once. What is old is measured anew: behind the answer when it is yes, before it when it would be no. */
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

  /** Blocks for a system call: where mail is refused, that is at most once a second. */
  #measureNow(): void {
    try {
      this.#free = this.#files.freeBytesSync(this.#directory);
    } catch {
      // Nothing better is known than before.
    }
    this.#measuredAtMs = this.#now();
  }
}
