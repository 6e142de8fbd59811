// The counters in use of every limit, as people are told about them.

import { Dimension } from '../store/counters.ts';
import { mostUnanswered, unansweredCount } from '../reserve/unanswered.ts';
import type { CounterStatus, LimitsStatus } from '../limits/status.ts';
import { shownDateOf, type State } from '../state.ts';

/** All limits, with at most so many of their counters: those that hold routes up, then the fullest; always those of all connections. */
export function limitsStatus(s: State, most: number, nowMs: number): LimitsStatus {
  const all: CounterStatus[] = [];
  for (const dimension of [
    Dimension.global,
    Dimension.task,
    Dimension.place,
    Dimension.window,
    Dimension.overflow,
  ]) {
    s.counters.eachOf(dimension, (counter) => {
      const status = slotStatus(s, counter);
      if (status.used > 0 || status.parked > 0 || counter === s.globalCounter) all.push(status);
    });
  }
  s.counters.eachOf(Dimension.gate, (gate) => {
    const status = gateStatus(s, gate, nowMs);
    if (status.used > 0 || status.parked > 0) all.push(status);
  });
  const ofAll = all.filter(({ rule }) => rule === 'global' || rule === 'unanswered');
  const others = all.filter((each) => !ofAll.includes(each));
  others.sort((left, right) => right.parked - left.parked || fullness(right) - fullness(left));
  const counters = [...others.slice(0, Math.max(0, most - ofAll.length)), ...ofAll];
  return { rules: s.limits.rules, counters, inUse: inUseOf(all), total: all.length };
}

function inUseOf(all: readonly CounterStatus[]): LimitsStatus['inUse'] {
  return [...Map.groupBy(all, ({ rule }) => rule)].map(([rule, counters]) => ({
    rule,
    keys: new Set(counters.map(({ key }) => key)).size,
    parked: counters.reduce((sum, { parked }) => sum + parked, 0),
  }));
}

/** A limit of connections. */
export function slotStatus(s: State, counter: number): CounterStatus {
  const { counters } = s;
  const applied = counters.limitOf(counter);
  if (counter === s.overflowCounter) return unansweredStatus(s);
  return {
    rule: applied?.rule.id ?? ownName(s, counter),
    key:
      counter === s.localCounter ? '' : (applied?.key ?? counters.keyOf(counter).replace('\t', ' ').trim()),
    quantity: 'connections',
    used: counters.used.get(counter),
    allowed: counters.limit.get(counter),
    parked: counters.parked.get(counter),
  };
}

/** A rate. */
export function gateStatus(s: State, gate: number, nowMs: number): CounterStatus {
  const { counters, rates } = s;
  const applied = counters.limitOf(gate);
  const { count, perMs } = rates.rateOf(gate);
  const freeAtMs = rates.freeAtMs(gate, 1);
  return {
    rule: applied?.rule.id ?? '',
    key: applied?.key ?? '',
    quantity: rates.quantityOf(gate),
    used: rates.spentOf(gate, nowMs),
    allowed: count,
    perMs,
    parked: counters.parked.get(gate),
    ...(freeAtMs > nowMs && { freeAtMs: shownDateOf(s, freeAtMs) }),
  };
}

/** The `unanswered` limit. Routes that wait for it are parked on the global counter as well, and told of with that. */
function unansweredStatus(s: State): CounterStatus {
  return {
    rule: 'unanswered',
    key: '',
    quantity: 'connections',
    used: unansweredCount(s),
    allowed: mostUnanswered(s),
    parked: 0,
  };
}

function fullness({ used, allowed }: CounterStatus): number {
  return allowed === 0 ? 1 : used / allowed;
}

function ownName(s: State, counter: number): string {
  if (counter === s.localCounter) return 'local';
  return s.counters.dimension.get(counter) === Dimension.window ? 'window' : 'global';
}
