// Watches the files of a plugin. It asks the system each second: that works on every file system, and a plugin has few files.

import { stat } from 'node:fs/promises';

import type { Timer, Timers } from '../../io/timers.ts';
import { stampOf } from '../stamp.ts';
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

  /** @param onChange - called when files are others than those that were loaded, and have been as they are for two looks: not half written */
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
    const files = this.#files;
    const stamps = await Promise.all(
      files.map(async ([path]) => stampOf(await stat(path).catch(() => undefined))),
    );
    this.#isLooking = false;
    if (files !== this.#files) return;
    if (files.some(([, stamp]) => stamp === undefined)) {
      this.#files = files.map(([path, stamp], at) => [path, stamp ?? stamps[at]]);
      return;
    }
    if (stamps.every((stamp, at) => stamp === files[at]?.[1])) {
      this.#seen = undefined;
      return;
    }
    const seen = stamps.join('\n');
    if (this.#seen === seen) {
      this.#seen = undefined;
      // Until it is loaded anew, this change is known.
      this.#files = files.map(([path], at) => [path, stamps[at]]);
      this.#onChange();
    } else this.#seen = seen;
  }
}
