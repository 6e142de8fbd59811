// Tables and ages for people.

export { roundedSize as bytes } from '../values/size.ts';

/** Columns as wide as their widest cell; the last one ends where the text ends. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows];
  return tableLines(all, columnWidths(all));
}

/** The width of each column of these rows. @param least - widths that columns have at least */
export function columnWidths(
  rows: readonly (readonly string[])[],
  least: readonly number[] = [],
): readonly number[] {
  const widths = [...least];
  for (const row of rows) {
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, cell.length);
  }
  return widths;
}

/** Rows in columns of these widths, each with a line end. */
export function tableLines(rows: readonly (readonly string[])[], widths: readonly number[]): string {
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => (column === cells.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd();
  return rows.map((row) => `${line(row)}\n`).join('');
}

/** A time span in one or two units: `45s`, `12m`, `3h20m`, `2d4h`. */
export function age(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 === 0 ? `${hours}h` : `${hours}h${minutes % 60}m`;
  return hours % 24 === 0 ? `${hours / 24}d` : `${Math.floor(hours / 24)}d${hours % 24}h`;
}
