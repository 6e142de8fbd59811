// Counts for all receivers what comes in, and answers operators about it.

import type { Config } from '../config/config.ts';
import type { RatesAnswer, RatesReset } from '../control/operations/rates.ts';
import type { DatedClock } from '../io/steady-clock.ts';
import type { Logger } from '../log/logger.ts';
import { IncomingRates, type RateUse } from '../policy/rates/incoming-rates.ts';
import type { RateAnswer, RateQuestion } from '../policy/rates/types.ts';
import { stageRates } from '../settings/rate-stages.ts';

export interface RateDeskParts {
  readonly clock: Pick<DatedClock, 'nowMs'>;
  readonly log: Pick<Logger, 'info'>;
}

export class RateDesk {
  readonly #rates = new IncomingRates();
  readonly #parts: RateDeskParts;

  constructor(config: Config, parts: RateDeskParts) {
    this.#parts = parts;
    this.configure(config);
  }

  configure(config: Config): void {
    this.#rates.configure(stageRates(config));
  }

  take(question: RateQuestion): RateAnswer {
    return this.#rates.take(question, this.#parts.clock.nowMs());
  }

  note(question: RateQuestion): void {
    this.#rates.note(question, this.#parts.clock.nowMs());
  }

  list({ most }: { readonly most: number }): RatesAnswer {
    const nowMs = this.#parts.clock.nowMs();
    const uses = [...this.#rates.uses(nowMs)];
    const part = ({ used, rate }: RateUse): number => used / rate.count;
    const rates = uses
      .toSorted((one, other) => part(other) - part(one))
      .slice(0, most)
      .map(({ stage, key, quantity, rate, used, freeAtMs }) => ({
        stage,
        key,
        quantity,
        rate,
        used,
        waitMs: freeAtMs - nowMs,
      }));
    return { rates, total: uses.length };
  }

  /** @returns whether anything was counted */
  reset({ key, by }: RatesReset): boolean {
    const wasUsed = this.#rates.reset('', key);
    const who = by === '' ? '' : ` (${by})`;
    if (wasUsed) this.#parts.log.info(`an operator${who} has forgotten what was counted by rates of ${key}`);
    return wasUsed;
  }
}
