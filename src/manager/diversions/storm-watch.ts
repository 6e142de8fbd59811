// Watches what comes in, what attempts come to and how long stages take, and says when a [[diversion]] begins and ends. Pure: it is told the time.
//
// 1. A key (a domain, a tenant ...) whose measure reaches the threshold of a rule is diverted, at once.
// 2. It ends when its measure was at most `calm` times the threshold for `calmForMs`, and not before `atLeastMs`: a measure that goes up and
//    down near the threshold does not divert and end in turns.
// 3. When an operator has ended it, it does not begin again before it was calm.

import { WindowCounts } from './window-counts.ts';
import type { StormMeasure, StormRule } from '../../policy/queues/storm-rule.ts';

/** Keys that are counted by each rule. */
const mostKeys = 4_096;
/** Keys that one rule diverts at a time: beyond it is no storm of some, but a rule for a wider key is needed. */
const mostDiverted = 100;

export interface StormChange {
  readonly kind: 'begin' | 'end';
  readonly rule: StormRule;
  /** Empty with per = "all". */
  readonly key: string;
  /** What was measured, for people. */
  readonly measured: string;
}

/** Mail that has come in. */
export interface ArrivedMail {
  readonly tenant: string;
  readonly sender: string;
  /** Empty for a program of this host. */
  readonly client: string;
  /** One for each recipient, in lower case. */
  readonly domains: readonly string[];
}

interface Storm {
  readonly sinceMs: number;
  calmSinceMs: number | undefined;
  /** An operator has ended it. */
  isDismissed: boolean;
}

interface Watched {
  readonly rule: StormRule;
  readonly all: WindowCounts;
  /** Of shares: what counts as bad. */
  readonly bad: WindowCounts | undefined;
  readonly storms: Map<string, Storm>;
}

export class StormWatch {
  #watched: readonly Watched[] = [];

  /** Rules that are as before keep what they have counted. @returns the ends of storms of rules that are not there any more */
  configure(rules: readonly StormRule[]): StormChange[] {
    const before = this.#watched;
    this.#watched = rules.map((rule) => {
      const same = before.find((each) => each.rule.name === rule.name);
      if (same !== undefined && JSON.stringify(same.rule.measure) === JSON.stringify(rule.measure))
        return { ...same, rule };
      const { perMs, kind } = rule.measure;
      return {
        rule,
        all: new WindowCounts(perMs, mostKeys),
        bad: kind === 'rate' ? undefined : new WindowCounts(perMs, mostKeys),
        storms: same?.rule.per === rule.per ? same.storms : new Map<string, Storm>(),
      };
    });
    const kept = new Set(this.#watched.map(({ storms }) => storms));
    return before.flatMap(({ rule, storms }) =>
      kept.has(storms)
        ? []
        : [...storms]
            .filter(([, each]) => !each.isDismissed)
            .map(([key]) => endOf(rule, key, 'the rule has changed')),
    );
  }

  /** Does a rule look at attempts? */
  get looksAtAttempts(): boolean {
    return this.#watched.some(({ rule }) => rule.measure.kind === 'failures');
  }

  get isEmpty(): boolean {
    return this.#watched.length === 0;
  }

  /** A diversion of a rule was in force before a restart. */
  adopt(ruleName: string, key: string, sinceMs: number): void {
    const watched = this.#watched.find(({ rule }) => rule.name === ruleName);
    watched?.storms.set(key, { sinceMs, calmSinceMs: undefined, isDismissed: false });
  }

  /** It could not be put in force, or an operator has ended it. */
  ended(ruleName: string, key: string, isDismissed: boolean): void {
    const storms = this.#watched.find(({ rule }) => rule.name === ruleName)?.storms;
    const storm = storms?.get(key);
    if (storm === undefined) return;
    if (isDismissed) storm.isDismissed = true;
    else storms?.delete(key);
  }

  arrived(mail: ArrivedMail, nowMs: number): StormChange[] {
    const changes: StormChange[] = [];
    for (const watched of this.#watched) {
      const { rule, all } = watched;
      if (rule.measure.kind !== 'rate' || rule.tenant?.includes(mail.tenant) === false) continue;
      const counted =
        rule.domains === undefined ? mail.domains : mail.domains.filter((each) => rule.domains?.has(each));
      if (counted.length === 0) continue;
      for (const [key, times] of keysOf(rule, mail, counted)) {
        all.add(key, times, nowMs);
        changes.push(...beginOf(watched, key, nowMs));
      }
    }
    return changes;
  }

  /** @param tenant - undefined where it is not known. @param isFailed - it was refused, for now or for good */
  attempted(domain: string, tenant: string | undefined, isFailed: boolean, nowMs: number): StormChange[] {
    const changes: StormChange[] = [];
    for (const watched of this.#watched) {
      const { rule } = watched;
      if (rule.measure.kind !== 'failures' || rule.domains?.has(domain) === false) continue;
      if (tenant === undefined && (rule.per === 'tenant' || rule.tenant !== undefined)) continue;
      if (tenant !== undefined && rule.tenant?.includes(tenant) === false) continue;
      const key = rule.per === 'domain' ? domain : rule.per === 'tenant' ? (tenant ?? '') : '';
      changes.push(...this.#shared(watched, key, 1, isFailed ? 1 : 0, nowMs));
    }
    return changes;
  }

  /** So many answers of a stage have come, of which some took longer than the rule allows. */
  answered(ruleName: string, times: number, slow: number, nowMs: number): StormChange[] {
    const watched = this.#watched.find(({ rule }) => rule.name === ruleName);
    return watched === undefined ? [] : this.#shared(watched, '', times, slow, nowMs);
  }

  /** Looks for storms that are over. Called each second or so while there are any. */
  look(nowMs: number): StormChange[] {
    const changes: StormChange[] = [];
    for (const watched of this.#watched) {
      for (const [key, storm] of watched.storms) {
        const { rule } = watched;
        if (strengthOf(watched, key, nowMs) > rule.calm) {
          storm.calmSinceMs = undefined;
          continue;
        }
        storm.calmSinceMs ??= nowMs;
        if (nowMs - storm.calmSinceMs < rule.calmForMs || nowMs - storm.sinceMs < rule.atLeastMs) continue;
        watched.storms.delete(key);
        if (!storm.isDismissed) changes.push(endOf(rule, key, measuredText(watched, key, nowMs)));
      }
    }
    return changes;
  }

  /** Storms of which mail is diverted, by rule. */
  diverted(ruleName: string): number {
    const storms = this.#watched.find(({ rule }) => rule.name === ruleName)?.storms.values() ?? [];
    return [...storms].filter(({ isDismissed }) => !isDismissed).length;
  }

  #shared(watched: Watched, key: string, times: number, bad: number, nowMs: number): StormChange[] {
    if (times > 0) watched.all.add(key, times, nowMs);
    if (bad > 0) watched.bad?.add(key, bad, nowMs);
    return bad === 0 ? [] : beginOf(watched, key, nowMs);
  }
}

function keysOf(
  { per }: StormRule,
  { tenant, sender, client }: ArrivedMail,
  domains: readonly string[],
): ReadonlyMap<string, number> {
  switch (per) {
    case 'domain': {
      const counts = new Map<string, number>();
      for (const domain of domains) counts.set(domain, (counts.get(domain) ?? 0) + 1);
      return counts;
    }
    case 'tenant':
      return new Map([[tenant, domains.length]]);
    case 'sender':
      return new Map([[sender, domains.length]]);
    case 'client':
      // What programs of this host hand in comes from no client.
      return client === '' ? new Map() : new Map([[client, domains.length]]);
    case 'all':
      return new Map([['', domains.length]]);
  }
}

function beginOf(watched: Watched, key: string, nowMs: number): StormChange[] {
  const { rule, storms } = watched;
  if (storms.has(key) || storms.size >= mostDiverted || strengthOf(watched, key, nowMs) < 1) return [];
  storms.set(key, { sinceMs: nowMs, calmSinceMs: undefined, isDismissed: false });
  return [{ kind: 'begin', rule, key, measured: measuredText(watched, key, nowMs) }];
}

function endOf(rule: StormRule, key: string, measured: string): StormChange {
  return { kind: 'end', rule, key, measured };
}

/** The measure, as a part of what begins a storm. */
function strengthOf({ rule: { measure }, all, bad }: Watched, key: string, nowMs: number): number {
  const total = all.of(key, nowMs);
  if (measure.kind === 'rate') return total / measure.count;
  if (total < measure.least || bad === undefined) return 0;
  return bad.of(key, nowMs) / total / measure.share;
}

function measuredText({ rule: { measure }, all, bad }: Watched, key: string, nowMs: number): string {
  const total = Math.round(all.of(key, nowMs));
  const within = `in ${windowText(measure)}`;
  if (measure.kind === 'rate') return `${total} recipients ${within}`;
  const share = total === 0 ? 0 : Math.round((100 * (bad?.of(key, nowMs) ?? 0)) / total);
  return measure.kind === 'failures'
    ? `${share} % of ${total} attempts failed ${within}`
    : `${share} % of ${total} answers of ${measure.stage} were slow ${within}`;
}

function windowText({ perMs }: StormMeasure): string {
  return perMs % 60_000 === 0 ? `${perMs / 60_000}m` : `${Math.round(perMs / 1000)}s`;
}
