// Prints the signing benchmark's results: a line as each run ends, and the medians with their budgets.

import type { Check, SigningRun, SigningSummary } from './summary.ts';

const names = {
  unsigned: 'Sluice, unsigned',
  signed: 'Sluice, signed',
  postfix: 'Postfix + OpenDKIM',
} as const;

export function signingRunLine(run: SigningRun): string {
  const delays = Object.entries(run.loopDelays).map(
    ([role, { p99Ms, maxMs, cpuMs }]) =>
      `${role} ${p99Ms.toFixed(1)} (${maxMs.toFixed(0)}; ${(cpuMs / run.messages).toFixed(3)})`,
  );
  return [
    names[run.system].padEnd(18),
    connections(run.reuse).padEnd(8),
    `${Math.round(run.perSecond)}/s`.padStart(8),
    `${run.cpuMsPerMessage?.toFixed(3) ?? '?'} ms CPU a message`,
    ...(delays.length > 0 ? [`event loop, p99 (max; CPU a message) in ms: ${delays.join(', ')}`] : []),
  ].join('  ');
}

export function signingSummaryText(summaries: readonly SigningSummary[]): string {
  return summaries.map(sectionOf).join('');
}

function sectionOf({ reuse, opensslPerSecond, perSecond, cpuMsPerMessage, checks }: SigningSummary): string {
  let text = `\nMedians, connections: ${connections(reuse)}\n`;
  for (const [system, name] of Object.entries(names) as [keyof typeof names, string][]) {
    const rate = perSecond[system];
    if (rate === undefined) continue;
    text += `  ${name.padEnd(20)} ${rateText(rate)}  ${cpuMsPerMessage[system]?.toFixed(3)} ms CPU a message\n`;
  }
  if (opensslPerSecond !== null)
    text += `  ${'openssl speed'.padEnd(20)} ${rateText(opensslPerSecond)}  signatures\n`;
  for (const check of checks) text += `  signed: ${checkText(check)}\n`;
  return text;
}

function checkText({ what, value, budget, isMet }: Check): string {
  const bound = what.startsWith('ms') ? `less than ${budget}` : `at least ${budget}`;
  return `${value.toFixed(2)} ${what} (budget: ${bound}; ${isMet ? 'met' : 'NOT met'})`;
}

function rateText(rate: number): string {
  return `${Math.round(rate)}/s`.padStart(8);
}

function connections(reuse: boolean): string {
  return reuse ? 'reused' : 'one each';
}
