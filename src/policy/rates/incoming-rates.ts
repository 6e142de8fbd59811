// Counts what comes in, for the stages that limit its rates. Promises: no period as long as that of a rate has more than it allows; memory is bounded,
// and nobody gets rid of a count by making up other keys. It reads no clock.

import { countOf, CountTable } from '../sending/count-table.ts';
import type { RateAllowance, RateAnswer, RateEvents, RateQuantity, RateQuestion } from './types.ts';

/** What one stage allows, and how many keys are remembered for it. */
export interface StageRates {
  readonly stage: string;
  readonly allowances: readonly RateAllowance[];
  readonly mostKeys: number;
}

/** How much of a rate is used. */
export interface RateUse extends RateAllowance {
  readonly stage: string;
  readonly key: string;
  readonly used: number;
  /** When one more is within the rate: now, or later. */
  readonly freeAtMs: number;
}

interface Counted {
  readonly allowances: readonly RateAllowance[];
  readonly mostKeys: number;
  readonly table: CountTable<RateQuantity>;
}

const within: RateAnswer = { kind: 'within' };

export class IncomingRates {
  readonly #stages = new Map<string, Counted>();

  /** Puts other rates in force. What was counted stays, and counts for each rate with the same period. */
  configure(stages: readonly StageRates[]): void {
    const names = new Set(stages.map(({ stage }) => stage));
    for (const name of this.#stages.keys()) if (!names.has(name)) this.#stages.delete(name);
    for (const { stage, allowances, mostKeys } of stages) {
      const known = this.#stages.get(stage);
      const table =
        known?.mostKeys === mostKeys
          ? known.table
          : new CountTable<RateQuantity>(() => this.#stages.get(stage)?.allowances ?? [], mostKeys);
      this.#stages.set(stage, { allowances, mostKeys, table });
    }
  }

  /** Counts events, if that is within all rates of the stage. Refused recipients have to leave room for one more, whatever is counted. */
  take({ stage, key, events, isTrial = false }: RateQuestion, nowMs: number): RateAnswer {
    const counted = this.#stages.get(stage);
    if (counted === undefined) return within;
    let exceeded: RateAllowance | undefined;
    let againMs = 0;
    for (const allowance of counted.allowances) {
      const { quantity, rate } = allowance;
      const more = quantity === 'refused_recipients' ? 1 : (events[quantity] ?? 0);
      if (more === 0) continue;
      const count = countOf(counted.table.get(key), quantity, rate.perMs);
      const waitMs =
        (count?.freeAtMs(more, rate.count, nowMs) ?? (more > rate.count ? Infinity : nowMs)) - nowMs;
      if (waitMs <= againMs) continue;
      exceeded = allowance;
      againMs = waitMs;
    }
    if (exceeded !== undefined) return { kind: 'exceeded', ...exceeded, againMs };
    if (!isTrial) this.#add(counted, key, events, nowMs);
    return within;
  }

  /** Counts events, within the rates or not. */
  note({ stage, key, events }: RateQuestion, nowMs: number): void {
    const counted = this.#stages.get(stage);
    if (counted !== undefined) this.#add(counted, key, events, nowMs);
  }

  /** All rates of which something is used. */
  *uses(nowMs: number): Iterable<RateUse> {
    for (const [stage, { allowances, table }] of this.#stages) {
      for (const [key, counts] of table.live(nowMs)) {
        for (const { quantity, rate } of allowances) {
          const count = countOf(counts, quantity, rate.perMs);
          const used = count?.used(nowMs) ?? 0;
          if (count === undefined || used === 0) continue;
          yield { stage, key, quantity, rate, used, freeAtMs: count.freeAtMs(1, rate.count, nowMs) };
        }
      }
    }
  }

  /** Forgets what was counted for a key. @param stage - empty: by all stages. @returns whether there was anything */
  reset(stage: string, key: string): boolean {
    let wasUsed = false;
    for (const [name, { table }] of this.#stages) {
      if (stage === '' || name === stage) wasUsed = table.forget(key) || wasUsed;
    }
    return wasUsed;
  }

  #add({ allowances, table }: Counted, key: string, events: RateEvents, nowMs: number): void {
    for (const allowance of allowances) {
      const count = events[allowance.quantity] ?? 0;
      if (count > 0) table.add(key, allowance, count, nowMs, nowMs);
    }
  }
}
