// The state of rates over a restart: what the scheduler has let through lately is kept in the spool's folder, so that a
// restart is no way round a rate. Written only after something moved, at most once a second; never waited for.

import { z } from 'zod';
import type { Timer, Timers } from '../io/timers.ts';
import type { Logger } from '../log/logger.ts';
import type { Scheduler } from '../schedule/types.ts';
import type { FileLayer } from '../spool/file-layer.ts';
import { StateFile } from './state-file.ts';
import { ratesSchema } from './state-schemas.ts';

/** What of the scheduler this needs. */
type RateKeeper = Pick<Scheduler, 'rates' | 'restoreRates'>;

const leastIntervalMs = 1_000;
/** Writing takes at most this part of the time, however many rates there are. */
const busyPart = 1 / 50;

export interface RateStateParts {
  /** Of the file. */
  readonly path: string;
  readonly files: FileLayer;
  readonly timers: Timers;
  readonly keeper: RateKeeper;
  readonly log: Logger;
  /** Scheduler time: it goes on over a restart, and so do the times in the file. */
  readonly nowMs: () => number;
}

export class RateState {
  readonly #file: StateFile;
  readonly #keeper: RateKeeper;
  readonly #log: Logger;
  readonly #nowMs: () => number;
  readonly #timers: Timers;
  #timer: Timer | undefined;
  #intervalMs = leastIntervalMs;
  #empty = true;
  #failed = false;
  #closed = false;

  constructor(parts: RateStateParts) {
    this.#file = new StateFile(parts.path, { files: parts.files });
    this.#timers = parts.timers;
    this.#keeper = parts.keeper;
    this.#log = parts.log;
    this.#nowMs = parts.nowMs;
  }

  /**
   * Gives the scheduler what was saved; without it, rates begin afresh. Call before recovery.
   * @param renamed - ids of rules that an earlier Sluice wrote, to those of today
   */
  async restore(renamed: ReadonlyMap<string, string>): Promise<void> {
    try {
      const found = await this.#file.read();
      if (found === undefined) return;
      const saved = ratesSchema.parse(found).rates;
      const rates = saved.map(({ rule, key, quantity, tatMs }) => ({
        rule: renamed.get(rule) ?? rule,
        key,
        quantity,
        tatMs,
      }));
      this.#empty = rates.length === 0;
      this.#keeper.restoreRates(rates);
      this.#log.debug(`the state of ${rates.length} rates was restored`);
    } catch (error) {
      const reason = error instanceof z.ZodError ? 'it is not what Sluice writes' : String(error);
      this.#log.warn(`rates begin afresh: ${this.#file.path} cannot be read: ${reason}`);
    }
  }

  /** Something may have moved: it is saved soon. */
  touched(): void {
    if (this.#timer !== undefined || this.#closed) return;
    const due = (): void => {
      this.#timer = undefined;
      void this.#save(false);
    };
    this.#timer = this.#timers.setTimeout(due, this.#intervalMs).unref();
  }

  /** Resolves when the last state is on stable storage. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#timers.clear(this.#timer);
    await this.#save(true);
  }

  async #save(durable: boolean): Promise<void> {
    const begun = this.#timers.nowMs();
    const rates = this.#keeper.rates(this.#nowMs());
    // Most instances have no rates: nothing is written then.
    if (rates.length === 0 && this.#empty) return;
    this.#empty = rates.length === 0;
    const written = this.#file.write({ version: 2, rates }, durable);
    this.#intervalMs = Math.max(leastIntervalMs, (this.#timers.nowMs() - begun) / busyPart);
    try {
      await written;
      this.#failed = false;
    } catch (error) {
      if (!this.#failed)
        this.#log.warn(`saving the state of rates in ${this.#file.path} failed: ${String(error)}`);
      this.#failed = true;
      // The disk may have room again: rates must not wait for the next mail to be saved.
      this.touched();
    }
  }
}
