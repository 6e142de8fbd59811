// Writes a state file soon after its content has changed: nothing waits for it, and it takes a small part of the manager's time.

import type { Timer, Timers } from '../io/timers.ts';
import type { Logger } from '../log/logger.ts';
import type { StateFile } from './state-file.ts';

export interface StateSaverParts {
  readonly file: StateFile;
  readonly timers: Timers;
  readonly log: Logger;
  /** What is in the file, for people, e.g. `MTA-STS policies`. */
  readonly what: string;
  /** Time between two writes at least, in ms. */
  readonly intervalMs: number;
  readonly content: () => object;
}

/** Writing takes at most this part of the manager's time: a large file is written less often. */
const busyPart = 1 / 50;

export class StateSaver {
  readonly #parts: StateSaverParts;
  #timer: Timer | undefined;
  #intervalMs: number;
  #isDirty = false;
  #hasFailed = false;
  #isClosed = false;

  constructor(parts: StateSaverParts) {
    this.#parts = parts;
    this.#intervalMs = parts.intervalMs;
  }

  /** The content has changed. */
  touched(): void {
    this.#isDirty = true;
    if (this.#timer !== undefined || this.#isClosed) return;
    const due = (): void => {
      this.#timer = undefined;
      void this.#save();
    };
    this.#timer = this.#parts.timers.setTimeout(due, this.#intervalMs).unref();
  }

  /** Resolves when the last content is on stable storage, or could not be written. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#parts.timers.clear(this.#timer);
    if (this.#isDirty) await this.#save();
  }

  async #save(): Promise<void> {
    const { file, timers, log, what, intervalMs, content } = this.#parts;
    this.#isDirty = false;
    const begunMs = timers.nowMs();
    const written = file.write(content(), true);
    this.#intervalMs = Math.max(intervalMs, (timers.nowMs() - begunMs) / busyPart);
    try {
      await written;
      this.#hasFailed = false;
    } catch (error) {
      if (!this.#hasFailed) log.warn(`saving ${what} in ${file.path} failed: ${String(error)}`);
      this.#hasFailed = true;
      // Tried again without waiting for the next change.
      this.touched();
    }
  }
}
