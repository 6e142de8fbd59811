// A table for people with any number of rows: printed in sections while they come, so that a queue of a million recipients needs no
// more memory than a section. Columns only grow wider from one section to the next.

import { printText } from './terminal-text.ts';
import { columnWidths, tableLines } from './text-table.ts';

/** Most tables are one section. */
const sectionRows = 1_000;

export class LongTable {
  readonly #head: readonly string[];
  #rows: (readonly string[])[] = [];
  #widths: readonly number[];
  #hasHead = false;
  /** Rows so far. */
  count = 0;

  constructor(head: readonly string[]) {
    this.#head = head;
    this.#widths = columnWidths([head]);
  }

  add(row: readonly string[]): void {
    this.#rows.push(row);
    this.count++;
    if (this.#rows.length === sectionRows) this.#print('');
  }

  /** Prints the rest, and a last line under it. */
  end(lastLine: string): void {
    this.#print(lastLine);
  }

  #print(lastLine: string): void {
    const rows = this.#hasHead ? this.#rows : [this.#head, ...this.#rows];
    this.#widths = columnWidths(rows, this.#widths);
    printText(`${tableLines(rows, this.#widths)}${lastLine}`, this.#hasHead);
    this.#rows = [];
    this.#hasHead = true;
  }
}
