// Prints the relay benchmark's results: a line as each run ends, and a table with ratios and budgets.

import type { Ratio, Summary } from './budgets.ts';
import type { Run } from './measure.ts';

export function runLine(run: Run): string {
  return [
    run.system.padEnd(8),
    caseName(run).padEnd(16),
    `${Math.round(run.perSecond)}/s`.padStart(8),
    unit(run.cpuMsPerMessage, 3, 'ms CPU a message'),
    unit(run.peakMemoryMiB, 0, 'MiB'),
    unit(run.writtenPerByte, 2, 'bytes written a byte'),
  ]
    .join('  ')
    .trimEnd();
}

export function summaryText(summaries: readonly Summary[]): string {
  let text = '\nMedians (messages a second, CPU ms a message, MiB of memory at most)\n';
  for (const summary of summaries) {
    text += `\n${caseName(summary)}, ${summary.sessions} sessions\n`;
    for (const [system, { perSecond, cpuMsPerMessage, peakMemoryMiB }] of Object.entries(summary.medians)) {
      const rest = [unit(cpuMsPerMessage, 3, 'ms'), unit(peakMemoryMiB, 0, 'MiB')].join('  ');
      text += `  ${system.padEnd(8)} ${`${Math.round(perSecond)}/s`.padStart(8)}  ${rest}`.trimEnd() + '\n';
    }
    for (const [system, ratios] of Object.entries(summary.ratios)) {
      for (const ratio of ratios) text += `  ${system.padEnd(8)} ${ratioText(ratio)}\n`;
    }
  }
  return text;
}

const subjects: Record<Ratio['what'], string> = {
  speed: 'times the speed of Postfix',
  cpu: 'of the CPU of Postfix',
  memory: 'of the memory of Postfix',
  written: 'bytes written for each byte accepted',
};

function ratioText({ what, value, budget, met }: Ratio): string {
  const text = `${value.toFixed(2)} ${subjects[what]}`;
  if (budget === null) return text;
  const bound = 'atLeast' in budget ? `at least ${budget.atLeast}` : `at most ${budget.atMost}`;
  return `${text} (budget: ${bound}; ${met ? 'met' : 'NOT met'})`;
}

function caseName({ sizeBytes, reuse, tls }: Pick<Run, 'sizeBytes' | 'reuse' | 'tls'>): string {
  return `${sizeBytes / 1024} KiB ${tls === null ? (reuse ? 'reused' : 'one each') : `TLS ${tls}`}`;
}

function unit(value: number | null, digits: number, name: string): string {
  return value === null ? '' : `${value.toFixed(digits)} ${name}`;
}
