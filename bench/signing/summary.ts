// The signing benchmark's medians, and what they are compared with: the bound that follows from relaying and signing alone, and Postfix.

import { median } from '../median.ts';
import type { Run } from '../relay/measure.ts';
import type { LoopDelay } from './loop-delay.ts';
import type { LoopRole } from './loop-delays.ts';
import type { SigningSystemName } from './systems.ts';

/** Of one kind of connections. */
export interface SigningRun extends Run<SigningSystemName> {
  /** By role; empty for Postfix. */
  readonly loopDelays: Readonly<Partial<Record<LoopRole, LoopDelay>>>;
}

export interface SigningSummary {
  readonly reuse: boolean;
  /** Signatures a second of `openssl speed`. */
  readonly opensslPerSecond: number | null;
  readonly perSecond: Readonly<Partial<Record<SigningSystemName, number>>>;
  readonly cpuMsPerMessage: Readonly<Partial<Record<SigningSystemName, number>>>;
  readonly loopP99Ms: Readonly<Partial<Record<LoopRole, number>>>;
  readonly checks: readonly Check[];
}

/** A value with its budget. */
export interface Check {
  readonly what: string;
  readonly value: number;
  readonly budget: number;
  readonly isMet: boolean;
}

/** The share of the rate that remains when relaying and signing are done one after the other on all processors. */
const leastShare = 0.85;
/** How many times the rate of Postfix with OpenDKIM, by whether connections are reused. */
const leastTimes = (reuse: boolean): number => (reuse ? 8 : 5);
const mostLoopMs = 20;

const roles: readonly LoopRole[] = ['receiver', 'keys', 'manager', 'sender'];

/** @param openssl - of each round */
export function summarizeSigning(
  runs: readonly SigningRun[],
  openssl: readonly number[],
): readonly SigningSummary[] {
  return [...Map.groupBy(runs, ({ reuse }) => reuse)].map(([reuse, own]) => summaryOf(reuse, own, openssl));
}

function summaryOf(reuse: boolean, runs: readonly SigningRun[], openssl: readonly number[]): SigningSummary {
  const perSecond: Partial<Record<SigningSystemName, number>> = {};
  const cpuMsPerMessage: Partial<Record<SigningSystemName, number>> = {};
  for (const [system, own] of Map.groupBy(runs, (run) => run.system)) {
    perSecond[system] = median(own.map((run) => run.perSecond));
    cpuMsPerMessage[system] = median(own.map((run) => run.cpuMsPerMessage ?? 0));
  }
  const loopP99Ms: Partial<Record<LoopRole, number>> = {};
  const signed = runs.filter((run) => run.system === 'signed');
  for (const role of roles) {
    const values = signed.flatMap(({ loopDelays }) => loopDelays[role]?.p99Ms ?? []);
    if (values.length > 0) loopP99Ms[role] = median(values);
  }
  const opensslPerSecond = openssl.length === 0 ? null : median(openssl);
  const figures = { reuse, opensslPerSecond, perSecond, cpuMsPerMessage, loopP99Ms };
  return { ...figures, checks: checksOf(figures) };
}

function checksOf({
  reuse,
  opensslPerSecond,
  perSecond,
  loopP99Ms,
}: Omit<SigningSummary, 'checks'>): readonly Check[] {
  const { unsigned, signed, postfix } = perSecond;
  if (signed === undefined) return [];
  const checks: Check[] = [];
  if (unsigned !== undefined && opensslPerSecond !== null) {
    const value = signed * (1 / unsigned + 1 / opensslPerSecond);
    checks.push({
      what: 'of 1 / (1 / unsigned + 1 / openssl)',
      value,
      budget: leastShare,
      isMet: value >= leastShare,
    });
  }
  if (postfix !== undefined) {
    const value = signed / postfix;
    const budget = leastTimes(reuse);
    checks.push({
      what: 'times the rate of Postfix with OpenDKIM',
      value,
      budget,
      isMet: value >= budget,
    });
  }
  for (const [role, value] of Object.entries(loopP99Ms))
    checks.push({
      what: `ms: 99th percentile of the event loop, ${role}`,
      value,
      budget: mostLoopMs,
      isMet: value < mostLoopMs,
    });
  return checks;
}
