// The demo's view of what is going on: a table that is drawn again in place on a terminal, a plain line now and
// then elsewhere.

import type { WriteStream } from 'node:tty';
import { connectionLimit, type Destination } from './neighbourhood.ts';

export interface Progress {
  readonly destinations: readonly Destination[];
  /** Deliveries that Sluice has taken responsibility for, by the destination's place in the list. */
  readonly accepted: readonly number[];
  readonly total: number;
  readonly seconds: number;
}

/** @returns What draws one state; call it as often as you like. */
export function liveTable(out: WriteStream): (progress: Progress) => void {
  if (!out.isTTY) return (progress) => void out.write(`${totals(progress)}\n`);
  let drawn = 0;
  return (progress) => {
    const rows = Math.max(5, out.rows - 4);
    const lines = [...table(progress, rows), '', totals(progress)].map((line) =>
      line.slice(0, out.columns - 1),
    );
    // Up to where the last one began, then each line over the old one.
    out.write(`${drawn > 0 ? `\u001b[${drawn}A` : ''}${lines.map((line) => `${line}\u001b[K\n`).join('')}`);
    drawn = lines.length;
  };
}

function table({ destinations, accepted }: Progress, rows: number): string[] {
  const head = [
    'destination'.padEnd(24),
    ...['queued', 'connections', 'limit', 'delivered', 'deferred'].map(cell),
    '',
  ];
  const lines = destinations.slice(0, rows - 2).map(({ name, manner, tally }, i) => {
    const delivered = tally.deliveries.size;
    const queued = Math.max(0, accepted[i]! - delivered);
    const cells = [queued, tally.connections, connectionLimit, delivered, tally.tempfails].map(cell);
    return [name.padEnd(24), ...cells, ` ${manner}`].join(' ');
  });
  const rest = destinations.length - lines.length;
  return [head.join(' '), ...lines, ...(rest > 0 ? [`... and ${rest} more`] : [])];
}

function cell(value: string | number): string {
  return String(value).padStart(11);
}

function totals({ destinations, accepted, total, seconds }: Progress): string {
  const sum = (of: (one: Destination) => number): number =>
    destinations.reduce((all, one) => all + of(one), 0);
  const taken = accepted.reduce((all, one) => all + one, 0);
  const delivered = sum(({ tally }) => tally.deliveries.size);
  return [
    `${seconds.toFixed(0).padStart(3)} s`,
    `accepted ${taken} of ${total}`,
    `delivered ${delivered}`,
    `deferred ${sum(({ tally }) => tally.tempfails)}`,
    `open connections ${sum(({ tally }) => tally.connections)}`,
    `most at one destination ${Math.max(...destinations.map(({ tally }) => tally.maxConnections))}`,
  ].join('  ');
}
