// Prints the results of the benchmark of held connections: a table of both systems, their ratios, and the budgets.

import type { Held, State } from './hold.ts';

/** Budgets: memory of an idle plaintext connection, and connections that one host can hold. */
export const budgets = { idleBytes: 10 * 1024, connections: 60_000 };

export function heldText(sluice: Held, postfix: Held | null): string {
  const rows = [
    ['', 'connections', 'KiB each', 'MiB in all', 'CPU of a core', 'reached in'],
    ...rowsOf(sluice),
    ...(postfix === null ? [] : rowsOf(postfix)),
  ];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const table = rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)))
      .join('  '),
  );
  const facts: string[] = [];
  if (postfix !== null) {
    const ratio = postfix.waiting.bytesEach / sluice.waiting.bytesEach;
    facts.push(`A connection costs Postfix ${ratio.toFixed(0)} times the memory that it costs Sluice.`);
  }
  const { idle } = sluice;
  if (idle !== null) {
    const parts = Object.entries(idle.parts).map(([part, bytes]) => `${part} ${kib(bytes)}`);
    facts.push(`An idle connection of Sluice by process: ${parts.join(', ')} KiB.`);
    const within = idle.bytesEach < budgets.idleBytes;
    facts.push(
      `Budget of an idle connection: less than ${kib(budgets.idleBytes)} KiB; ${within ? 'met' : 'NOT met'}.`,
    );
  }
  const enough = sluice.waiting.connections >= budgets.connections;
  facts.push(`Budget of connections: ${budgets.connections}; ${enough ? 'met' : `NOT met in this run`}.`);
  return `${table.join('\n')}\n\n${facts.join('\n')}\n`;
}

function rowsOf(held: Held): string[][] {
  const row = (what: string, state: State, reached: string): string[] => [
    `${held.system}, ${what}`,
    String(state.connections),
    kib(state.bytesEach),
    (state.totalBytes / 1024 ** 2).toFixed(0),
    `${state.cpuPercent.toFixed(1)} %`,
    reached,
  ];
  const rows = [row('waiting for an answer', held.waiting, `${(held.reachedMs / 1000).toFixed(1)} s`)];
  if (held.idle !== null) rows.push(row('idle', held.idle, ''));
  return rows;
}

function kib(bytes: number): string {
  return (bytes / 1024).toFixed(1);
}
