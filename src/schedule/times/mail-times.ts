// Which times hold for mail: the schedules of the configuration, ready to be asked by domain, route and tenant. Promises: without
// schedules nothing is looked up; a look-up costs about the same for three schedules and for thousands of domains; mail for which
// the same schedules hold has the same times, by number.

import { routeNameIn } from '../../route/plan-key.ts';
import { DomainTable, exactSpecificity } from '../../values/domain-table.ts';
import type { Retry } from '../../values/retry.ts';
import { type ScheduleRule, type ScheduleValues, scheduleKeys } from './schedule-rule.ts';

/** The times that hold where no schedule says something else. */
export interface UsualTimes {
  readonly retryMs: Retry;
  readonly lifetimeMs: number;
  readonly bounceLifetimeMs: number;
}

/** The times of some mail. */
export interface Times extends ScheduleValues {
  readonly retry: Retry;
  readonly lifetimeMs: number;
  readonly bounceLifetimeMs: number;
  /** The rule that each of these comes from; a key that is not here is as usual. */
  readonly from: Readonly<Partial<Record<(typeof scheduleKeys)[number], ScheduleRule>>>;
}

/** The number of the times without a schedule. */
export const usual = 0;
/** Most different times. More of them would need more schedules than anybody writes; what comes beyond has the usual ones. */
const mostTimes = 0xffff;

/** More than any rank: a rule that is a default comes behind all that are none. */
const belowAll = 1e9;

interface Found {
  readonly rule: ScheduleRule;
  /** Place in the order of `rules`. */
  readonly number: number;
  /** Higher is more specific: the domain counts first, then the route, then the tenant, then the store. */
  readonly rank: number;
}

export class MailTimes {
  readonly rules: readonly ScheduleRule[];
  readonly #all: Times[];
  /** Numbers of times, by those of the rules that hold, the most specific first. */
  readonly #numbers = new Map<string, number>();
  readonly #byDomain = new DomainTable<readonly number[]>();
  /** Rules for any domain. */
  readonly #others: number[] = [];

  constructor(usualTimes: UsualTimes, rules: readonly ScheduleRule[]) {
    this.rules = rules;
    const { retryMs: retry, lifetimeMs, bounceLifetimeMs } = usualTimes;
    this.#all = [{ retry, lifetimeMs, bounceLifetimeMs, from: {} }];
    for (const [number, { match }] of rules.entries()) {
      if (match.domain === undefined) this.#others.push(number);
      for (const pattern of match.domain ?? []) {
        this.#byDomain.set(pattern, [...(this.#byDomain.get(pattern) ?? []), number]);
      }
    }
  }

  /** The times with this number. */
  at(number: number): Times {
    return this.#all[number] ?? (this.#all[usual] as Times);
  }

  /**
   * The number of the times of some mail.
   * @param route - `RouteKey.key`
   * @param tenant - its name
   * @param store - the number of the one that keeps it
   */
  of(domain: string, route: string, tenant: string, store = 0): number {
    if (this.rules.length === 0) return usual;
    const found: Found[] = [];
    const name = routeNameIn(route);
    const look = (number: number, specificity: number): void => {
      const rule = this.rules[number] as ScheduleRule;
      const { match } = rule;
      if (match.route !== undefined && (name === '' || !match.route.includes(name))) return;
      if (match.tenant !== undefined && !match.tenant.includes(tenant)) return;
      if (match.store !== undefined && !match.store.includes(store)) return;
      const rank =
        specificity * 8 +
        (match.route === undefined ? 0 : 4) +
        (match.tenant === undefined ? 0 : 2) +
        (match.store === undefined ? 0 : 1);
      found.push({ rule, number, rank: rule.isDefault === true ? rank - belowAll : rank });
    };
    this.#byDomain.visit(domain, {
      domain: (numbers, specificity) => {
        for (const number of numbers) look(number, Math.min(specificity, exactSpecificity));
        return true;
      },
    });
    for (const number of this.#others) look(number, 0);
    return found.length === 0 ? usual : this.#numberOf(found.sort((one, other) => other.rank - one.rank));
  }

  #numberOf(found: readonly Found[]): number {
    const key = found.map(({ number }) => number).join(' ');
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    if (this.#all.length > mostTimes) return usual;
    this.#numbers.set(key, this.#all.length);
    return this.#all.push(timesOf(this.at(usual), found)) - 1;
  }
}

function timesOf(usualTimes: Times, found: readonly Found[]): Times {
  const values: Record<string, unknown> = {};
  const from: Record<string, ScheduleRule> = {};
  for (const key of scheduleKeys) {
    const rule = found.find((each) => each.rule[key] !== undefined)?.rule;
    if (rule === undefined) continue;
    values[key] = rule[key];
    from[key] = rule;
  }
  return { ...usualTimes, ...values, from };
}
