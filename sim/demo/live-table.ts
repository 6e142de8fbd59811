// The demo's display: a table that is redrawn in place on a terminal, or a plain line now and then without a terminal.

import type { WriteStream } from 'node:tty';
import { sumOf, type Provider } from './neighbourhood.ts';

export interface Progress {
  readonly providers: readonly Provider[];
  /** Deliveries that Sluice has taken responsibility for, by the provider's place in the list. */
  readonly accepted: readonly number[];
  /** What mail for a provider waits for, by its place in the list. */
  readonly waitsFor: readonly string[];
  readonly total: number;
  readonly seconds: number;
}

/** @returns A function that draws the current state, over the one before on a terminal */
export function liveTable(out: WriteStream): (progress: Progress) => void {
  if (!out.isTTY) return (progress) => void out.write(`${totals(progress)}\n`);
  let drawn = 0;
  return (progress) => {
    const rows = Math.max(5, out.rows - 4);
    const lines = [...table(progress, rows), '', totals(progress)].map((line) =>
      line.slice(0, out.columns - 1),
    );
    // Move the cursor up to the first line of the last table, then write each line over the old one.
    out.write(`${drawn > 0 ? `\u001b[${drawn}A` : ''}${lines.map((line) => `${line}\u001b[K\n`).join('')}`);
    drawn = lines.length;
  };
}

function table({ providers, accepted, waitsFor }: Progress, rows: number): string[] {
  const head = [
    'destination'.padEnd(17),
    ...['queued', 'open', 'limit', 'arrived', 'deferred'].map(cell),
    ' manner'.padEnd(25),
    'waits for',
  ];
  const lines = providers.slice(0, rows - 2).map((provider, i) => {
    const arrived = sumOf(provider, ({ tally }) => tally.deliveries.size);
    const cells = [
      Math.max(0, accepted[i]! - arrived),
      sumOf(provider, ({ tally }) => tally.connections),
      provider.limit,
      arrived,
      sumOf(provider, ({ tally }) => tally.tempfails),
    ].map(cell);
    const manner = ` ${provider.manner}`.padEnd(25);
    return [provider.name.padEnd(17), ...cells, manner, waitsFor[i] ?? ''].join(' ').trimEnd();
  });
  const rest = providers.length - lines.length;
  return [head.join(' '), ...lines, ...(rest > 0 ? [`... and ${rest} more`] : [])];
}

function cell(value: string | number): string {
  return String(value).padStart(8);
}

function totals({ providers, accepted, waitsFor, total, seconds }: Progress): string {
  const sum = (of: (provider: Provider) => number): number =>
    providers.reduce((all, one) => all + of(one), 0);
  const taken = accepted.reduce((all, one) => all + one, 0);
  return [
    `${seconds.toFixed(0).padStart(3)} s`,
    `accepted ${taken} of ${total}`,
    `arrived ${sum((one) => sumOf(one, ({ tally }) => tally.deliveries.size))}`,
    `deferred ${sum((one) => sumOf(one, ({ tally }) => tally.tempfails))}`,
    `open connections ${sum((one) => sumOf(one, ({ tally }) => tally.connections))}`,
    `destinations that wait for a limit ${waitsFor.filter((text) => text !== '').length}`,
  ].join('  ');
}
