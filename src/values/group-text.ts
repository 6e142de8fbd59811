// A text in which $1 stands for what the first group of an expression has matched.

import type { WrittenResult } from './pattern-rules.ts';
import { ValueError } from './value-error.ts';

/**
 * `$1`, `${1}` and `$(1)` are groups, `$$` is a "$".
 * @throws {ValueError} when what follows a "$" is neither
 */
export function groupTextOf(text: string): WrittenResult<string> {
  const parts: (string | number)[] = [];
  let literal = '';
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at);
    if (character !== '$') {
      literal += character;
      continue;
    }
    if (text[at + 1] === '$') {
      literal += '$';
      at++;
      continue;
    }
    const [whole, plain, braced, bracketed] =
      /^\$(?:(\d{1,3})|\{(\d{1,3})\}|\((\d{1,3})\))/u.exec(text.slice(at, at + 8)) ?? [];
    const number = Number(plain ?? braced ?? bracketed ?? 0);
    if (whole === undefined || number === 0)
      throw new ValueError(`"${text.slice(at, at + 8)}" is no group: write $1, or $$ for a "$"`);
    parts.push(literal, number);
    literal = '';
    at += whole.length - 1;
  }
  parts.push(literal);
  return {
    groups: Math.max(0, ...parts.map((part) => (typeof part === 'number' ? part : 0))),
    filled: (groups) =>
      parts.map((part) => (typeof part === 'number' ? (groups[part - 1] ?? '') : part)).join(''),
  };
}
