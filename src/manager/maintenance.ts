// Regular work every few seconds: tidies the spool (moves stragglers, unlinks dead segments, compacts the journal) and gives up
// damaged messages whose lifetime is over, looks which messages that were set aside still are, and what became of moves at the last end.

import type { Timer, Timers } from '../io/timers.ts';
import type { Logger } from '../log/logger.ts';
import type { SpoolStore } from '../spool/types.ts';

const everyMs = 5_000;

export interface MaintenanceParts {
  readonly store: Pick<SpoolStore, 'maintain'>;
  readonly expireDamaged: () => void;
  readonly lookAtSetAside: () => void;
  /** As `Manager.decideMoves`. */
  readonly decideMoves: () => void;
  readonly timers: Timers;
  readonly dateMs: () => number;
  readonly log: Pick<Logger, 'error'>;
}

export class Maintenance {
  readonly #parts: MaintenanceParts;
  #timer: Timer | undefined;
  #isRunning = true;

  constructor(parts: MaintenanceParts) {
    this.#parts = parts;
  }

  /** Sets the timer of the next run; a run ends before the timer of the next one is set. */
  start(): void {
    this.#timer = this.#parts.timers.setTimeout(() => void this.#tidy(), everyMs);
  }

  stop(): void {
    this.#isRunning = false;
    this.#parts.timers.clear(this.#timer);
  }

  async #tidy(): Promise<void> {
    const { store, dateMs, decideMoves, expireDamaged, lookAtSetAside, log } = this.#parts;
    try {
      await store.maintain(dateMs());
      expireDamaged();
      lookAtSetAside();
      decideMoves();
    } catch (error) {
      log.error(`tidying the spool failed: ${error instanceof Error ? error.message : String(error)}`);
    }
    if (this.#isRunning) this.start();
  }
}
