// Finds the path in the argument of MAIL and RCPT (RFC 5321 4.1.1.2, 4.1.1.3): strictly, or also in the forms of devices and old programs.

import type { InvalidAddress } from '../../../address/address-fault.ts';
import type { Path, PathOptions } from '../../../address/path.ts';
import { parsePath } from '../../../address/path.ts';
import type { Leniency } from './server-types.ts';

const space = 0x20;
const less = 0x3c;

/** Allows several blanks before the keyword, and blanks before its colon. */
const oddPrefix = { from: /^ +from *:/i, to: /^ +to *:/i };
const usualPrefix = { from: ' from:', to: ' to:' };

/**
 * The index of the path in `text`, the part of the line after the verb; -1 if the keyword is missing.
 *
 * @param keyword - `from` for MAIL, `to` for RCPT
 */
export function pathStart(text: string, keyword: 'from' | 'to', { oddCommands }: Leniency): number {
  const prefix = usualPrefix[keyword];
  let i = prefix.length;
  if (text.slice(0, i).toLowerCase() !== prefix) {
    const odd = oddCommands ? oddPrefix[keyword].exec(text) : null;
    if (odd === null) return -1;
    i = odd[0].length;
  }
  // RFC 5321 3.3 allows no blank between the colon and the path, but some clients send one.
  while (text.charCodeAt(i) === space) i++;
  return i;
}

/** Reads the path that begins at `start`. The text after it is not looked at. */
export function readPath(
  text: string,
  start: number,
  options: PathOptions,
  { oddCommands, defaultDomain }: Leniency,
): Path | InvalidAddress {
  const pathOptions = defaultDomain === '' ? options : { ...options, defaultDomain };
  const path = parsePath(text, pathOptions, start);
  if (path.kind !== 'invalid' || !oddCommands) return path;
  if (text.charCodeAt(start) !== less) return withoutBrackets(text, start, pathOptions);
  const isPadded = text.charCodeAt(start + 1) === space || text[text.indexOf('>', start) - 1] === ' ';
  return isPadded ? withInnerBlanks(text, start, pathOptions) : path;
}

/** `MAIL FROM:user@example.com SIZE=1`: a path that ends with the first blank. */
function withoutBrackets(text: string, start: number, options: PathOptions): Path | InvalidAddress {
  const blank = text.indexOf(' ', start);
  const end = blank === -1 ? text.length : blank;
  if (end === start) return { kind: 'invalid', reason: 'no-brackets' };
  const word = `<${text.slice(start, end)}>`;
  const path = parsePath(word, options);
  if (path.kind === 'invalid') return path;
  return path.end === word.length ? { ...path, end } : { kind: 'invalid', reason: 'no-brackets' };
}

/** `MAIL FROM:< user@example.com >`. */
function withInnerBlanks(text: string, start: number, options: PathOptions): Path | InvalidAddress {
  const close = text.indexOf('>', start);
  if (close === -1) return { kind: 'invalid', reason: 'no-brackets' };
  const path = parsePath(`<${text.slice(start + 1, close).trim()}>`, options);
  return path.kind === 'invalid' ? path : { ...path, end: close + 1 };
}
