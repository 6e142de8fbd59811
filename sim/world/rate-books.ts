// Counts the units of every rate in a sliding window, one by one: never more than `count` in any `perMs`.

import type { Rate } from '../../src/values/rate.ts';
import type { LimitRule } from '../../src/schedule/limits/types.ts';
import { check } from './ledger.ts';

export const rateQuantities = ['connectionRate', 'messageRate', 'recipientRate'] as const;
export type RateQuantity = (typeof rateQuantities)[number];

interface Unit {
  readonly atMs: number;
  readonly units: number;
}

interface Window {
  readonly rule: string;
  readonly quantity: RateQuantity;
  readonly rate: Rate;
  units: Unit[];
}

/** Units that can be taken back. */
export interface Spent {
  readonly takeBack: () => void;
}

export class RateBooks {
  readonly #windows = new Map<string, Window>();

  /** Spends units for a key of a limit. @throws {BrokenRule} when the window then has more than the limit allows */
  spend(quantity: RateQuantity, rule: LimitRule, key: string, units: number, nowMs: number): Spent {
    const rate = rule[quantity]!;
    const name = `${quantity} ${key}`;
    let window = this.#windows.get(name);
    if (window === undefined) {
      window = { rule: rule.id, quantity, rate, units: [] };
      this.#windows.set(name, window);
    }
    const unit = { atMs: nowMs, units };
    window.units = window.units.filter(({ atMs }) => atMs > nowMs - rate.perMs);
    window.units.push(unit);
    const sum = window.units.reduce((total, each) => total + each.units, 0);
    check(
      sum <= rate.count,
      () => `${sum} of ${name} in ${rate.perMs} ms, allowed ${rate.count} (${rule.origin})`,
    );
    const spentIn = window;
    return {
      takeBack: () => {
        const at = spentIn.units.indexOf(unit);
        if (at !== -1) spentIn.units.splice(at, 1);
      },
    };
  }

  /** Forgets the window of each rate that has changed; a rate that has not changed keeps its window. */
  reconfigure(rules: readonly LimitRule[]): void {
    const byId = new Map(rules.map((rule) => [rule.id, rule]));
    for (const [name, { quantity, rate, rule }] of this.#windows) {
      const now = byId.get(rule)?.[quantity];
      if (now?.count !== rate.count || now.perMs !== rate.perMs) this.#windows.delete(name);
    }
  }
}
