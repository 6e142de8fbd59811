// Prints the far benchmark's results: a line as each run ends, and a table of medians with budgets.

import { median } from '../median.ts';
import type { FarCase, FarRun } from './measure.ts';

export function farLine(run: FarRun): string {
  return [
    run.system.padEnd(8),
    caseName(run).padEnd(30),
    `${Math.round(run.steadyPerSecond)}/s`.padStart(8),
    `${run.perRoundTrip.toFixed(2)} a round trip`,
    ...(run.perSecond === null ? [] : [`${Math.round(run.perSecond)}/s from the release on`]),
    `${run.mostConnections} connections at most, ${run.allConnections} in all`,
    ...(run.cpuMsPerMessage === null ? [] : [`${run.cpuMsPerMessage.toFixed(3)} ms CPU a message`]),
    ...(run.memoryMiB === null ? [] : [`${Math.round(run.memoryMiB)} MiB`]),
    `replies ${run.lateMs.toFixed(1)} ms late`,
  ].join('  ');
}

/** The least messages a second of Sluice, by connections, round-trip time and kind. */
const budgets: Readonly<Record<string, number>> = {
  '200@100 data': 1_800,
  '200@100 chunking': 3_400,
  '1000@100 data': 8_000,
  '1000@100 chunking': 8_000,
  '5@30 chunking': 550,
};

export function farSummary(runs: readonly FarRun[]): string {
  let text = '\nMedians: messages a second, and for each connection in each round trip\n';
  for (const [name, group] of Map.groupBy(runs, caseName)) {
    text += `\n${name}\n`;
    for (const [system, own] of Map.groupBy(group, (run) => run.system)) {
      const perSecond = median(own.map((run) => run.steadyPerSecond));
      const perRoundTrip = median(own.map((run) => run.perRoundTrip));
      text += `  ${system.padEnd(8)} ${`${Math.round(perSecond)}/s`.padStart(8)}  ${perRoundTrip.toFixed(2)}`;
      text += system === 'sluice' ? budgetText(own[0]!, perSecond) : '';
      text += '\n';
    }
  }
  return text;
}

function budgetText({ connections, rttMs, kind }: FarCase, perSecond: number): string {
  const budget = budgets[`${connections}@${rttMs} ${kind}`];
  if (budget === undefined) return '';
  return `  (budget: at least ${budget}/s; ${perSecond >= budget ? 'met' : 'NOT met'})`;
}

function caseName({ connections, rttMs, kind, sizeBytes }: FarCase): string {
  return `${connections} at ${rttMs} ms, ${sizeBytes / 1024} KiB, ${kind}`;
}
