// Tag lists (RFC 6376 3.2): `tag=value; tag=value`, of signatures and of key records. Strict: what the grammar does not have is a fault of
// the whole list, because a reader who guesses may verify something else than was signed. Bounded.

import { maxTags } from './limits.ts';

export interface Tag {
  readonly name: string;
  /** Without blanks around it; may be folded inside. */
  readonly value: string;
  /** Where the value is in the text of the list, with the blanks around it. */
  readonly start: number;
  readonly end: number;
}

/** Tags by name, in order; or what is wrong with the list. */
export type TagList = ReadonlyMap<string, Tag> | { readonly fault: string };

/** RFC 6376 3.2 tag-name; underscores are in it by its erratum 3192. */
const tagName = /^[A-Za-z][A-Za-z0-9_]*$/;
/**
 * RFC 6376 3.2 tag-value: printable characters but `;`, and folding white space between them. RFC 8616 3 adds UTF-8, whose bytes are
 * beyond 0x7f in a text that was read byte by byte.
 */
const tagValue = /^[\t\r\n\x20-\x3a\x3c-\x7e\x80-\xff]*$/;
/** RFC 6376 2.8: a line end in a value is a fold, that is, CRLF before a blank. */
const wrongLineEnd = /\r(?!\n)|(?<!\r)\n|\r\n(?![ \t])/;

/** @param text - a field's value without its last line end, one character for each byte; or a TXT record */
export function parseTagList(text: string): TagList {
  const tags = new Map<string, Tag>();
  if (wrongLineEnd.test(text)) return { fault: 'a line of the tag list is not folded as RFC 6376 says' };
  let start = 0;
  while (start <= text.length) {
    const semicolon = text.indexOf(';', start);
    const end = semicolon === -1 ? text.length : semicolon;
    const equals = text.indexOf('=', start);
    if (equals === -1 || equals >= end) {
      // A semicolon may end the list, but no tag may be empty.
      if (end === text.length && tags.size > 0 && trimBlanks(text.slice(start, end)) === '') break;
      return { fault: 'a part of the tag list has no "="' };
    }
    const name = trimBlanks(text.slice(start, equals));
    if (!tagName.test(name)) return { fault: 'a tag has a name that RFC 6376 does not allow' };
    if (tags.has(name)) return { fault: `the tag ${name.slice(0, 20)}= is given twice` };
    if (tags.size >= maxTags) return { fault: `there are more than ${maxTags} tags` };
    const value = trimBlanks(text.slice(equals + 1, end));
    if (!tagValue.test(value))
      return { fault: `the tag ${name.slice(0, 20)}= has a control character in it` };
    tags.set(name, { name, value, start: equals + 1, end });
    start = end + 1;
  }
  return tags;
}

/** Removes folding white space: also what is inside a value of base64, or of names (RFC 6376 3.5). */
export function withoutBlanks(value: string): string {
  return value.replaceAll(/[ \t\r\n]+/g, '');
}

/** A loop, because an expression for the blanks at the end takes quadratic time over a long run of blanks inside. */
function trimBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function isBlank(c: number): boolean {
  return c === 0x20 || (c >= 0x09 && c <= 0x0d && c !== 0x0b && c !== 0x0c);
}
