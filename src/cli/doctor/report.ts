// The report of `sluice doctor`: its text for people, and its exit code.

import { type Finding, notSeenCode, type Severity } from './finding.ts';

/** As `sluice status --check` ends, and monitoring programs read it. */
const codes = { fine: 0, warnings: 1, errors: 2, unknown: 3 } as const;

/** 3: nothing is wrong, as far as could be seen. */
export function doctorCode(findings: readonly Finding[]): number {
  const has = (severity: Severity) => findings.some((each) => each.severity === severity);
  if (has('error')) return codes.errors;
  if (has('warning')) return codes.warnings;
  return findings.some(({ code }) => code === notSeenCode) ? codes.unknown : codes.fine;
}

const words: Readonly<Record<Severity, string>> = { error: 'ERROR', warning: 'Warning', note: 'Note' };

export function findingsText(findings: readonly Finding[]): string {
  const lines = findings.map(({ severity, code, what, mend }) => {
    const indent = ' '.repeat(9);
    const [first = '', ...more] = what.split('\n');
    const whole = [`${words[severity].padEnd(8)} ${first}`, ...more.map((line) => `${indent}${line}`)];
    return `${whole.join('\n')}\n${indent}${code}: ${mend}\n`;
  });
  return `${lines.join('')}${lines.length === 0 ? '' : '\n'}${verdict(findings)}\n`;
}

/** Never "fine" when something was not looked at. */
function verdict(findings: readonly Finding[]): string {
  const count = (severity: Severity) =>
    findings.filter((each) => each.severity === severity && each.code !== notSeenCode).length;
  const unseen = findings.filter(({ code }) => code === notSeenCode).length;
  const parts = [
    counted(count('error'), 'error'),
    counted(count('warning'), 'warning'),
    counted(count('note'), 'note'),
  ].filter((each) => each !== '');
  const seen = count('error') + count('warning') === 0 ? ['Nothing wrong was found', ...parts] : parts;
  const rest =
    unseen === 0 ? '' : `; ${unseen === 1 ? '1 thing' : `${unseen} things`} could not be looked at`;
  return `${seen.join(', ')}${rest}.`;
}

function counted(count: number, word: string): string {
  return count === 0 ? '' : `${count} ${word}${count === 1 ? '' : 's'}`;
}
