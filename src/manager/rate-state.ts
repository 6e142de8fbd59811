// Keeps the state of rates over a restart, in the spool's folder, so that a restart does not allow more than a rate does. It is
// written only after mail has moved, at most once a second, and nothing waits for it.

import { join } from 'node:path';
import { z } from 'zod';
import type { Config } from '../config/config.ts';
import type { Timer, Timers } from '../io/timers.ts';
import type { Logger } from '../log/logger.ts';
import type { Scheduler } from '../schedule/types.ts';
import { formerRuleIds } from '../settings/settings.ts';
import type { FileLayer } from '../spool/file-layer.ts';
import { StateFile } from './state-file.ts';
import { ratesSchema } from './state-schemas.ts';

/** The part of the scheduler that is needed here. */
type RateKeeper = Pick<Scheduler, 'rates' | 'restoreRates'>;

const leastIntervalMs = 1_000;
/** Saving takes at most this part of the manager's time: with many rates it is done less often. */
const busyPart = 1 / 50;

export interface RateStateParts {
  /** Path of the file. */
  readonly path: string;
  readonly files: FileLayer;
  readonly timers: Timers;
  readonly keeper: RateKeeper;
  readonly log: Logger;
  /** Scheduler time. It advances over a restart, so the times in the file stay valid. */
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

  /** Makes it, and gives what was saved to the scheduler. Call it before recovery. */
  static async open(config: Config, parts: Omit<RateStateParts, 'path'>): Promise<RateState> {
    const rates = new RateState({ ...parts, path: join(config.spool, 'rates.json') });
    await rates.restore(formerRuleIds(config));
    return rates;
  }

  /**
   * Gives the saved state to the scheduler; without one, rates begin afresh. Call it before recovery.
   * @param renamed - from the ids of rules that an earlier Sluice wrote to their ids today
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

  /** Mail may have moved: has the state saved soon. */
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
      // Tried again without waiting for the next mail.
      this.touched();
    }
  }
}
