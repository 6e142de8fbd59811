// Fits text to the width of a terminal: rows of tables are cut, with a hint how to see them whole, and sentences are wrapped.
// Files and pipes get whole lines.

import { replaceUnprintable } from '../values/unprintable.ts';
import { cutLine } from './cut-line.ts';

const narrowest = 20;
/** Titles of a table are in capitals; its rows go on until an empty line. */
const titles = /^[A-Z][A-Z ]*$/;
/** `  example.com  connections  3/20`: a row without titles, and no `  Last error ...`. */
const indentedRow = /^ {2}[^\sA-Z]/;
/** `Queue        3 messages`: further lines are indented to the beginning of the text, not of the label. */
const labelled = /^(?:\S+(?: \S+)* {2,}| +)(?=\S)/;

/**
 * Prints a text to standard output. Of addresses and replies, no character reaches the terminal that would change more than its place.
 * @param goesOn - it begins with further rows of a table
 */
export function printText(text: string, goesOn = false): void {
  if (text === '') return;
  const width = widthOf(process.stdout, process.env);
  const safe = text
    .split('\n')
    .map((line) => replaceUnprintable(line, '?'))
    .join('\n');
  process.stdout.write(width === undefined ? safe : fitToWidth(safe, width, goesOn));
}

/** @returns undefined when the output is no terminal, or one whose width is not known */
export function widthOf(
  output: { readonly isTTY?: boolean | undefined; readonly columns?: number | undefined },
  env: Readonly<Record<string, string | undefined>>,
): number | undefined {
  if (output.isTTY !== true) return undefined;
  const wanted = Number(env['COLUMNS']);
  const columns = Number.isInteger(wanted) && wanted >= narrowest ? wanted : output.columns;
  return columns === undefined || columns < narrowest ? undefined : columns;
}

/** The text in lines of at most `width` columns, with a hint when something was cut. */
export function fitToWidth(text: string, width: number, goesOn = false): string {
  let isTable = goesOn;
  let isCut = false;
  const lines = text
    .replace(/\n$/, '')
    .split('\n')
    .flatMap((line) => {
      if (line === '') isTable = false;
      else if (titles.test(line)) isTable = true;
      const cut = cutLine(line, width);
      if (cut === line) return [line];
      if (!isTable && !indentedRow.test(line)) return wrapLine(line, width);
      isCut = true;
      return [cut.trimEnd()];
    });
  const hint = isCut ? [`(Rows are cut at ${width} columns: add "| less -S" to see all of them.)`] : [];
  return `${[...lines, ...hint].join('\n')}\n`;
}

function wrapLine(line: string, width: number): string[] {
  const label = labelled.exec(line)?.[0] ?? '';
  const indent = ' '.repeat(label.length <= width / 2 ? label.length : 2);
  const lines: string[] = [];
  let rest = line;
  for (;;) {
    const part = cutLine(rest, width);
    if (part === rest) return [...lines, rest];
    // The line is broken at its last space that is no indent; without one, inside a word.
    const blank = rest[part.length] === ' ' ? part.length : part.lastIndexOf(' ');
    const from = lines.length === 0 ? label.length : indent.length;
    const end = blank > from ? blank : part.length;
    lines.push(rest.slice(0, end).trimEnd());
    rest = indent + rest.slice(end).trimStart();
  }
}
