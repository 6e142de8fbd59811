// The relay benchmark's medians, and its ratios to Postfix in the same run with their budgets.

import { median } from '../median.ts';
import type { Run, Case, TlsKind } from './measure.ts';
import type { SystemName } from './systems.ts';

export interface Summary extends Omit<Case, 'messages'> {
  readonly medians: Readonly<Partial<Record<SystemName, Median>>>;
  /** Ratios of Sluice with a process for each role, and with all roles in one process. */
  readonly ratios: Readonly<Partial<Record<SystemName, readonly Ratio[]>>>;
}

export interface Median {
  readonly perSecond: number;
  readonly cpuMsPerMessage: number | null;
  readonly peakMemoryMiB: number | null;
  readonly writtenPerByte: number | null;
}

export interface Ratio {
  readonly what: 'speed' | 'cpu' | 'memory' | 'written';
  readonly value: number;
  /** The bound that the value has to keep; null without a budget. */
  readonly budget: { readonly atLeast: number } | { readonly atMost: number } | null;
  readonly met: boolean | null;
}

/** The least ratio of messages a second to Postfix, by size and reuse of connections. */
function speedBudget({ sizeBytes, reuse, tls }: Omit<Case, 'messages'>): Ratio['budget'] {
  if (tls !== null) return sizeBytes === 4096 ? { atLeast: tlsSpeed[tls] } : null;
  if (sizeBytes === 4096) return { atLeast: reuse ? 10 : 5 };
  return sizeBytes === 65_536 ? { atLeast: 4 } : null;
}

const tlsSpeed: Readonly<Record<TlsKind, number>> = { reused: 6, resumed: 2, full: 1.5 };

/** The most CPU, as a part of Postfix's. */
function cpuBudget({ sizeBytes, tls }: Omit<Case, 'messages'>): Ratio['budget'] {
  if (sizeBytes !== 4096 || tls === 'reused') return null;
  return { atMost: tls === null ? 1 / 8 : 1 / 2 };
}

export function summarize(runs: readonly Run[]): Summary[] {
  const groups = Map.groupBy(runs, (run) => `${run.sizeBytes} ${run.reuse} ${run.tls} ${run.sessions}`);
  return [...groups.values()].map((group) => {
    const { sizeBytes, reuse, tls, sessions } = group[0]!;
    const medians: Partial<Record<SystemName, Median>> = {};
    for (const [system, own] of Map.groupBy(group, (run) => run.system)) medians[system] = medianOf(own);
    const one = { sizeBytes, reuse, tls, sessions };
    return {
      sizeBytes,
      reuse,
      tls,
      sessions,
      medians,
      ratios: {
        sluice: ratiosOf(one, medians.sluice, medians.postfix),
        single: ratiosOf(one, medians.single, medians.postfix),
      },
    };
  });
}

function ratiosOf(
  one: Omit<Case, 'messages'>,
  sluice: Median | undefined,
  postfix: Median | undefined,
): Ratio[] {
  if (!sluice) return [];
  const ratios: Ratio[] = [];
  const add = (what: Ratio['what'], value: number, budget: Ratio['budget']): void => {
    const met =
      budget === null ? null : 'atLeast' in budget ? value >= budget.atLeast : value <= budget.atMost;
    ratios.push({ what, value, budget, met });
  };
  if (postfix) {
    add('speed', sluice.perSecond / postfix.perSecond, speedBudget(one));
    const cpu = ratio(sluice.cpuMsPerMessage, postfix.cpuMsPerMessage);
    if (cpu !== null) add('cpu', cpu, cpuBudget(one));
    const memory = ratio(sluice.peakMemoryMiB, postfix.peakMemoryMiB);
    if (memory !== null) add('memory', memory, null);
  }
  if (sluice.writtenPerByte !== null) add('written', sluice.writtenPerByte, { atMost: 1.2 });
  return ratios;
}

/** Null when one of them was not measured: a run may end before its processes are sampled. */
function ratio(own: number | null, other: number | null): number | null {
  return own === null || other === null || other === 0 ? null : own / other;
}

function medianOf(runs: readonly Run[]): Median {
  return {
    perSecond: median(runs.map((run) => run.perSecond)),
    cpuMsPerMessage: medianIn(runs.map((run) => run.cpuMsPerMessage)),
    peakMemoryMiB: medianIn(runs.map((run) => run.peakMemoryMiB)),
    writtenPerByte: medianIn(runs.map((run) => run.writtenPerByte)),
  };
}

function medianIn(values: readonly (number | null)[]): number | null {
  const measured = values.filter((value) => value !== null);
  return measured.length === 0 ? null : median(measured);
}
