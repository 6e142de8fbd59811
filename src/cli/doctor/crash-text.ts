// The text of `sluice doctor --crash`: the crashes that are kept, each in words.

import { resolve } from 'node:path';
import type { KeptCrash } from '../../crash/read-crashes.ts';
import type { CrashKind, CrashRecord, CrashStep } from '../../crash/crash-record.ts';
import { formatDuration } from '../../values/duration.ts';
import { formatSize } from '../../values/size.ts';

const kinds: Readonly<Record<CrashKind, string>> = {
  error: 'by an error in Sluice that nothing caught',
  memory: 'because its memory for JavaScript was full',
  stalled: 'because it did not answer any more',
  signal: 'by a signal',
  exit: 'by itself',
};

/** How many things that were in hand are named one by one. */
const mostNamed = 10;

/** @param folder - in which they are kept */
export function crashesText(crashes: readonly KeptCrash[], folder: string): string {
  if (crashes.length === 0) return `No crash is known: there is none in ${folder}.\n`;
  const count = crashes.length === 1 ? '1 crash' : `${crashes.length} crashes`;
  return `${count} in ${folder}, the newest first.\n\n${crashes.map((each) => crashText(each, folder)).join('\n')}`;
}

function crashText({ record }: KeptCrash, folder: string): string {
  const { endedAt, words, steps } = record;
  const rows: readonly (readonly [string, string])[] = [
    ['Reason', words],
    ...inHandRows(record),
    ...steps
      .slice(-5)
      .reverse()
      .map((step, index) => [index === 0 ? 'Last steps' : '', stepText(step)] as const),
    ['Report', placeOf(folder, record.report, record.reportMissing)],
    [
      'Core',
      `${placeOf(folder, record.core, record.coreMissing)}${record.coreBytes === undefined ? '' : ` (${formatSize(record.coreBytes)})`}`,
    ],
    ...(record.setAside.length === 0
      ? []
      : [['Set aside', `${record.setAside.join(', ')}: held until sluice queue release`] as const]),
    [
      'Then',
      record.restartedAfterMs === undefined
        ? 'no other process had started when this was written'
        : `another process ran after ${formatDuration(record.restartedAfterMs)}`,
    ],
  ];
  const lines = rows.map(([name, text]) => `  ${name.padEnd(11)} ${text.replaceAll('\n', ' ')}`);
  return `${endedAt}  ${whoText(record)} ended ${kinds[record.kind]}${record.signal === undefined ? '' : ` (${record.signal})`}\n${lines.join('\n')}\n`;
}

function whoText({ process: name, index, pid, startedAt, endedAt }: CrashRecord): string {
  const ranMs = startedAt === undefined ? undefined : Date.parse(endedAt) - Date.parse(startedAt);
  const age =
    ranMs === undefined ? '' : `, after ${formatDuration(Math.max(0, Math.round(ranMs / 1000) * 1000))}`;
  const number = index === 0 ? '' : ` ${index + 1}`;
  return `the ${name}${number} process (${pid}${age})`;
}

function inHandRows({ inHand }: CrashRecord): readonly (readonly [string, string])[] {
  if (inHand.length === 0) return [['In hand', 'nothing that it had noted']];
  const shown = inHand
    .slice(0, mostNamed)
    .map((step, index) => [index === 0 ? 'In hand' : '', stepText(step)] as const);
  const more = inHand.length - shown.length;
  return more === 0 ? shown : [...shown, ['', `and ${more} more`]];
}

function stepText({ step, subject, at }: CrashStep): string {
  return `${step} ${subject}  (${at})`;
}

function placeOf(folder: string, file: string | undefined, missing: string | undefined): string {
  if (file !== undefined) return resolve(folder, file);
  return `none: ${missing ?? 'it was not asked for; cores = true in [crash] does'}`;
}
