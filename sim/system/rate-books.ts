// Rates as destinations see them: connections that were opened, messages and recipients whose transactions began there. Each
// counts at the time of its grant, since nothing bounds how long a stalled sender or a slow greeting delays it. No stretch of
// a rate's time may hold more than its number, however often Sluice is stopped, crashes and reads its configuration anew.

import type { LimitRule } from '../../src/schedule/limits/types.ts';
import type { Rate } from '../../src/values/rate.ts';
import { check } from '../world/ledger.ts';
import { rateQuantities, type RateQuantity } from '../world/rate-books.ts';
import { keysOf, type VisitPlace, type VisitTransaction } from './limit-keys.ts';
import type { LimitsInForce } from './limits-in-force.ts';

/** Scheduler time has whole milliseconds. */
const roundingMs = 1;

interface Unit {
  readonly atMs: number;
  readonly count: number;
}

/** What one rate counts for one key. */
interface Counted {
  readonly quantity: RateQuantity;
  readonly rule: string;
  readonly rate: Rate;
  /** The rate is in force since then: what came before counts no more. */
  readonly sinceMs: number;
  /** In the order of time. */
  units: Unit[];
}

/** A time of which a crash may have left nothing. */
interface Gap {
  readonly fromMs: number;
  readonly untilMs: number;
}

/** A transaction that begins on a connection, or the first one of a connection that is opened. */
export interface RatedTransaction extends VisitTransaction {
  readonly place: VisitPlace;
  /** What held when it was granted, and when that was. */
  readonly limits: LimitsInForce;
  readonly grantedMs: number;
  /** By domain. */
  readonly recipients: ReadonlyMap<string, number>;
}

export class RateBooks {
  readonly #counted = new Map<string, Counted>();
  readonly #gaps: Gap[] = [];
  /** Since when each rate is in force, by quantity and rule. */
  #inForce = new Map<string, { readonly rate: Rate; readonly sinceMs: number }>();
  /** Units that were judged, and stretches that held all that a rate allows. */
  readonly seen = { units: 0, full: 0 };

  /** These rules are in force from now on. A rate that is there still, with the same number, goes on. */
  configured(rules: readonly LimitRule[], nowMs: number): void {
    const next = new Map<string, { readonly rate: Rate; readonly sinceMs: number }>();
    for (const rule of rules) {
      for (const quantity of rateQuantities) {
        const rate = rule[quantity];
        if (rate === undefined) continue;
        const name = `${quantity} ${rule.id}`;
        const before = this.#inForce.get(name);
        const isSame = before?.rate.count === rate.count && before.rate.perMs === rate.perMs;
        next.set(name, { rate, sinceMs: isSame ? before.sinceMs : nowMs });
      }
    }
    this.#inForce = next;
    for (const [name, { quantity, rule, sinceMs }] of this.#counted) {
      if (next.get(`${quantity} ${rule}`)?.sinceMs !== sinceMs) this.#counted.delete(name);
    }
  }

  /** What was granted in between may be forgotten. */
  forgets(fromMs: number, untilMs: number): void {
    this.#gaps.push({ fromMs, untilMs });
    for (const counted of this.#counted.values()) {
      counted.units = counted.units.filter(({ atMs }) => atMs < fromMs || atMs > untilMs);
    }
  }

  /** A connection is opened. */
  connects(visit: RatedTransaction): void {
    if (!visit.limits.isSure) return;
    for (const [key, rule] of keysOf(visit.limits.rules, 'connectionRate', visit.place, visit)) {
      this.#count('connectionRate', key, rule, 1, visit.grantedMs);
    }
  }

  /** A transaction begins. */
  begins(visit: RatedTransaction): void {
    const { grantedMs, limits, place, recipients, tenant } = visit;
    if (!limits.isSure) return;
    for (const [key, rule] of keysOf(limits.rules, 'messageRate', place, visit)) {
      this.#count('messageRate', key, rule, 1, grantedMs);
    }
    const units = new Map<string, { readonly rule: LimitRule; count: number }>();
    for (const [domain, count] of recipients) {
      for (const [key, rule] of keysOf(limits.rules, 'recipientRate', place, { domains: [domain], tenant })) {
        const unit = units.get(key);
        if (unit === undefined) units.set(key, { rule, count });
        else unit.count += count;
      }
    }
    for (const [key, { rule, count }] of units) this.#count('recipientRate', key, rule, count, grantedMs);
  }

  #count(quantity: RateQuantity, key: string, { id }: LimitRule, count: number, atMs: number): void {
    const inForce = this.#inForce.get(`${quantity} ${id}`);
    // It was granted before a reload, or before a crash that left nothing of it.
    const isForgotten = this.#gaps.some(({ fromMs, untilMs }) => atMs >= fromMs && atMs <= untilMs);
    if (inForce === undefined || atMs < inForce.sinceMs || isForgotten) return;
    const name = `${quantity} ${key}`;
    let counted = this.#counted.get(name);
    if (counted === undefined) {
      counted = { quantity, rule: id, ...inForce, units: [] };
      this.#counted.set(name, counted);
    }
    counted.units = [...counted.units, { atMs, count }].toSorted((a, b) => a.atMs - b.atMs);
    this.seen.units++;
    this.#judge(name, counted, atMs);
  }

  /** Looks at each stretch that this moment is in, and ends with a unit. */
  #judge(name: string, { rate, units }: Counted, atMs: number): void {
    const lengthMs = rate.perMs - roundingMs;
    for (const { atMs: endMs } of units) {
      if (endMs < atMs || endMs > atMs + lengthMs) continue;
      const held = units.filter((unit) => unit.atMs > endMs - lengthMs && unit.atMs <= endMs);
      const sum = held.reduce((total, { count }) => total + count, 0);
      check(
        sum <= rate.count,
        () =>
          `${sum} of ${name} in ${rate.perMs} ms, allowed ${rate.count}: granted at ` +
          held.map((unit) => `${unit.atMs} (${unit.count})`).join(', '),
      );
      if (sum === rate.count) this.seen.full++;
    }
  }
}
