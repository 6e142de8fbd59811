// Holds a copy back to a number of bytes a second, so that the disk stays free for mail that comes and goes.

import type { Timers } from '../../io/timers.ts';
import { CopyError } from './copy-error.ts';

/** Shorter waits are saved up: a timer costs more than they are worth. */
const leastWaitMs = 10;

export interface PaceOptions {
  readonly timers: Timers;
  /** 0: as fast as it goes. */
  readonly bytesPerSecond: number;
  /** When it is aborted, the copy ends. */
  readonly signal?: AbortSignal | undefined;
}

export class Pace {
  readonly #options: PaceOptions;
  /** The time up to which the bytes so far are paid for. */
  #paidUntilMs = 0;

  constructor(options: PaceOptions) {
    this.#options = options;
  }

  /** Call it after that many bytes; resolves when more may follow. @throws {CopyError} `COPY_CANCELLED` */
  async took(bytes: number): Promise<void> {
    const { bytesPerSecond, signal, timers } = this.#options;
    if (signal?.aborted === true) {
      throw new CopyError('COPY_CANCELLED', 'The command was ended before the copy was complete.', '');
    }
    if (bytesPerSecond === 0) return;
    const now = timers.nowMs();
    this.#paidUntilMs = Math.max(now, this.#paidUntilMs) + (bytes / bytesPerSecond) * 1000;
    const wait = this.#paidUntilMs - now;
    if (wait < leastWaitMs) return;
    await new Promise<void>((resolve) => {
      timers.setTimeout(resolve, wait);
    });
  }
}
