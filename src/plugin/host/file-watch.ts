// Watches the files of a plugin. It asks the system each second: that works on every file system, and a plugin has few files.

import { readFile, stat } from 'node:fs/promises';

import type { Timer, Timers } from '../../io/timers.ts';
import { digestOf, stampOf } from '../stamp.ts';
import type { LoadedFile } from '../wire.ts';

const lookEveryMs = 1_000;

export class FileWatch {
  readonly #timers: Timers;
  readonly #onChange: () => void;
  #files: readonly LoadedFile[] = [];
  #timer: Timer | undefined;
  /** How the files were at the last look, when they were not as they were loaded. */
  #seen: string | undefined;
  #isLooking = false;

  /** @param onChange - called when the content of files is another than what was loaded, and they have been as they are for two looks: not half written */
  constructor(timers: Timers, onChange: () => void) {
    this.#timers = timers;
    this.#onChange = onChange;
  }

  /** Watches these files from now on, in place of those before. */
  follow(files: readonly LoadedFile[]): void {
    this.#files = files;
    this.#seen = undefined;
    this.#timer ??= this.#timers.setInterval(() => void this.look(), lookEveryMs).unref();
  }

  stop(): void {
    this.#timers.clear(this.#timer);
    this.#timer = undefined;
    this.#files = [];
  }

  async look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      await this.#compare(this.#files);
    } finally {
      this.#isLooking = false;
    }
  }

  async #compare(files: readonly LoadedFile[]): Promise<void> {
    const stamps = await Promise.all(
      files.map(async ([path]) => stampOf(await stat(path).catch(() => undefined))),
    );
    if (files !== this.#files) return;
    const isKnown = files.every(([, stamp]) => stamp !== undefined);
    if (isKnown && stamps.every((stamp, at) => stamp === files[at]?.[1])) {
      this.#seen = undefined;
      return;
    }
    const seen = stamps.join('\n');
    if (isKnown && this.#seen !== seen) {
      this.#seen = seen;
      return;
    }
    this.#seen = undefined;
    const now = await Promise.all(files.map((file, at) => asItIs(file, stamps[at] ?? '')));
    if (files !== this.#files) return;
    // Until it is loaded anew, this change is known.
    this.#files = now;
    // Whoever copies, restores or protects a file touches it, and changes nothing.
    if (files.some(([, , digest], at) => digest !== undefined && digest !== now[at]?.[2])) this.#onChange();
  }
}

/** @param stamp - of now */
async function asItIs([path, before, digest]: LoadedFile, stamp: string): Promise<LoadedFile> {
  if (before === stamp) return [path, stamp, digest];
  return [path, stamp, digestOf(await readFile(path).catch(() => undefined))];
}
