// Copies for archives that could not be handed over. Nobody gets a bounce for them, so it is a trouble until none has failed for an hour.

import type { Timers } from '../io/timers.ts';
import type { Troubles } from '../stats/troubles.ts';

const quietMs = 3_600_000;

export interface FailedCopiesParts {
  readonly timers: Timers;
  readonly troubles?: Troubles | undefined;
}

export class FailedCopies {
  readonly #parts: FailedCopiesParts;
  #count = 0;
  #timer: ReturnType<Timers['setTimeout']> | undefined;

  constructor(parts: FailedCopiesParts) {
    this.#parts = parts;
  }

  /** @param to - the address of the archive. @param reply - why it did not take the copy */
  failed(to: string, reply: string): void {
    this.#count++;
    this.#parts.troubles?.raise(
      'copies',
      'critical',
      `${this.#count === 1 ? 'A copy' : `${this.#count} copies`} for archives could not be delivered, the last to <${to}>: ${reply}. The mail itself is not affected.`,
      'Look for copyFailed in the log, and mend the archive or the [[tap]].',
    );
    this.stop();
    this.#timer = this.#parts.timers.setTimeout(() => this.#recovered(), quietMs).unref();
  }

  stop(): void {
    if (this.#timer !== undefined) this.#parts.timers.clear(this.#timer);
    this.#timer = undefined;
  }

  #recovered(): void {
    this.#count = 0;
    this.#timer = undefined;
    this.#parts.troubles?.clear('copies');
  }
}
