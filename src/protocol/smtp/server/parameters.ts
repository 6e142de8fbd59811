// The keyword[=value] parameters after a path in MAIL and RCPT (RFC 5321 4.1.2), as text.

import type { FixedReply } from './replies.ts';
import { Replies } from './replies.ts';

/** One parameter; `value` is undefined if there was no `=`. */
export interface Parameter {
  /** Upper case. */
  readonly keyword: string;
  readonly value: string | undefined;
}

const spaceByte = 0x20;
/** More than all extensions together have. The limit is needed because each parameter is compared with those before it. */
const maxParameters = 32;
const keywordPattern = /^[A-Za-z0-9][A-Za-z0-9-]*$/;

/**
 * Splits `text` from `start` into parameters; blanks between and after them are skipped.
 *
 * @returns a reply if they are malformed or too many, or if a keyword is given twice
 */
export function splitParameters(text: string, start: number): readonly Parameter[] | FixedReply {
  const parameters: Parameter[] = [];
  let i = start;
  while (i < text.length) {
    if (text.charCodeAt(i) !== spaceByte) return Replies.parameterSyntax;
    while (text.charCodeAt(i) === spaceByte) i++;
    if (i === text.length) break;
    const space = text.indexOf(' ', i);
    const end = space === -1 ? text.length : space;
    const parameter = parameterOf(text.slice(i, end));
    if (parameter === undefined || parameters.length === maxParameters) return Replies.parameterSyntax;
    if (parameters.some((other) => other.keyword === parameter.keyword)) return Replies.parameterTwice;
    parameters.push(parameter);
    i = end;
  }
  return parameters;
}

function parameterOf(word: string): Parameter | undefined {
  const equals = word.indexOf('=');
  const keyword = equals === -1 ? word : word.slice(0, equals);
  if (!keywordPattern.test(keyword)) return undefined;
  if (equals === -1) return { keyword: keyword.toUpperCase(), value: undefined };
  // RFC 5321 4.1.2: esmtp-value is not empty and has no "=". This is not checked here, since some clients send such an ENVID.
  return { keyword: keyword.toUpperCase(), value: word.slice(equals + 1) };
}

/** Are there only blanks from `start` on? This is the usual case: no parameters. */
export function endsAt(text: string, start: number): boolean {
  let i = start;
  while (text.charCodeAt(i) === spaceByte) i++;
  return i === text.length;
}
