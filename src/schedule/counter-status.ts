// Every limit's counters that are in use, as people are told about them.

import { Dimension } from './counters.ts';
import type { CounterStatus, LimitsStatus } from './limits/status.ts';
import type { State } from './state.ts';

/** All limits, with at most so many of their counters: those that hold routes up first, then the fullest. */
export function limitsStatus(s: State, most: number, nowMs: number): LimitsStatus {
  const all: CounterStatus[] = [];
  for (const dimension of [
    Dimension.global,
    Dimension.task,
    Dimension.place,
    Dimension.window,
    Dimension.trials,
  ]) {
    s.counters.eachOf(dimension, (counter) => {
      if (isInUse(s, counter)) all.push(slotStatus(s, counter));
    });
  }
  s.counters.eachOf(Dimension.gate, (gate) => {
    const status = gateStatus(s, gate, nowMs);
    if (status.used > 0 || status.parked > 0) all.push(status);
  });
  all.sort((left, right) => right.parked - left.parked || fullness(right) - fullness(left));
  return { rules: s.limits.rules, counters: all.slice(0, most), total: all.length };
}

/** A limit of connections. */
export function slotStatus(s: State, counter: number): CounterStatus {
  const { counters } = s;
  const applied = counters.limitOf(counter);
  return {
    rule: applied?.rule.id ?? ownName(counters.dimension.get(counter)),
    key: applied?.key ?? counters.keyOf(counter).replace('\t', ' ').trim(),
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
    ...(freeAtMs > nowMs && { freeAtMs }),
  };
}

function isInUse(s: State, counter: number): boolean {
  return (
    s.counters.used.get(counter) > 0 ||
    s.counters.parked.get(counter) > 0 ||
    s.counters.dimension.get(counter) === Dimension.global
  );
}

function fullness({ used, allowed }: CounterStatus): number {
  return allowed === 0 ? 1 : used / allowed;
}

function ownName(dimension: number): string {
  if (dimension === Dimension.window) return 'window';
  return dimension === Dimension.trials ? 'trials' : 'global';
}
