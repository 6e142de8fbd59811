// Finds Authentication-Results fields that claim to be ours (RFC 8601 5): whoever sends a message can write them. Programs that read
// results trust those with our id, so that none of them may get past, however it is written.

import type { EditableHeader, FieldEdit } from '../message/editable-header.ts';
import type { Reply } from '../protocol/smtp/server/server-types.ts';

/** Longest beginning of a value that is looked at: the id is there, unless comments hide it. */
const maxLooked = 4096;

/**
 * Does the value of an Authentication-Results field bear the id? Of any version, in any case, with comments and quotes. A value that is
 * malformed before its results bears every name that is in it: programs differ in what they make of it.
 * @param value - folded or not
 */
function bearsId(value: string, authservId: string): boolean {
  const wanted = authservId.toLowerCase();
  const head = headOf(value.slice(0, maxLooked));
  if (head === 'too long') return true;
  const words = head === 'malformed' ? [] : wordsOf(head.text);
  if (!isWellFormed(words)) return mentions(value, wanted);
  if (words[0] === wanted) return true;
  // Programs may ignore comments and blanks inside of the id. A version may follow it (RFC 8601 2.2).
  const id = words.join('');
  return id.startsWith(wanted) && /^\.?[0-9]*$/.test(id.slice(wanted.length));
}

/**
 * What stands before the results, with a blank for each comment, fold and control character, and without quotes: the id, and
 * perhaps a version.
 * @returns `malformed` when a comment or a quoted string does not end, or has not begun; `too long` when the results do not begin within
 *   what is looked at: nobody can tell
 */
function headOf(value: string): { readonly text: string } | 'malformed' | 'too long' {
  let head = '';
  let depth = 0;
  let isQuoted = false;
  for (let at = 0; at < value.length; at++) {
    let c = value.charAt(at);
    if (c === '\\') c = value.charAt(++at);
    else if (isQuoted && c === '"') {
      isQuoted = false;
      continue;
    } else if (!isQuoted && c === '(') {
      depth++;
      continue;
    } else if (!isQuoted && c === ')') {
      // Without its beginning, it is no comment.
      if (depth === 0) return 'malformed';
      depth--;
      head += ' ';
      continue;
    } else if (depth === 0 && !isQuoted) {
      if (c === '"') {
        isQuoted = true;
        continue;
      }
      // The results follow; so do they after a slash or an equals sign, as some have written versions.
      if (c === ';' || c === '/' || c === '=') return { text: head };
    }
    if (depth === 0) head += c > ' ' && c !== '\x7f' ? c : ' ';
  }
  if (value.length === maxLooked) return 'too long';
  return depth > 0 || isQuoted ? 'malformed' : { text: head };
}

function wordsOf(head: string): string[] {
  return head
    .toLowerCase()
    .split(' ')
    .filter((word) => word !== '');
}

/** An id, and perhaps a version (RFC 8601 2.2), in pieces where comments or blanks are inside of the id. */
function isWellFormed(words: readonly string[]): boolean {
  return words.length > 0 && words.every((word) => /^[!#$%&'*+\-.^_`{|}~0-9a-z\x80-\xff]+$/.test(word));
}

/** As it is written, or with quotes, backslashes, blanks and comments in it. */
function mentions(value: string, wanted: string): boolean {
  const plain = value.toLowerCase().replaceAll(/["\\\0-\x20\x7f]/g, '');
  return plain.includes(wanted) || withoutComments(plain).includes(wanted);
}

function withoutComments(text: string): string {
  let depth = 0;
  let rest = '';
  for (const c of text) {
    if (c === '(') depth++;
    else if (c === ')') depth = Math.max(0, depth - 1);
    else if (depth === 0) rest += c;
  }
  return rest;
}

const fieldName = 'authentication-results';

/** More forged fields than this come from nobody who wants to have a message read. */
const maxForged = 100;

const tooMany: Reply = {
  code: 550,
  enhanced: '5.6.0',
  text: 'The message has too many forged Authentication-Results fields, or hides one behind a line that is no field',
};

export type Forged =
  | { readonly kind: 'none' }
  /** What removes them. */
  | { readonly kind: 'fields'; readonly edits: readonly FieldEdit[] }
  /** They cannot all be removed. @param edits - what removes those that can be */
  | { readonly kind: 'too-many'; readonly edits: readonly FieldEdit[]; readonly reply: Reply };

/** The fields of a header that bear the id. */
export function forgedFields(
  { fields, strayLines }: Pick<EditableHeader, 'fields' | 'strayLines'>,
  authservId: string,
): Forged {
  const occurrences = fields
    .filter(({ name }) => name === fieldName)
    .flatMap(({ value }, at) => (bearsId(value, authservId) ? [at + 1] : []));
  // From the last to the first, so that each removal leaves the number of the others.
  const edits = occurrences
    .reverse()
    .slice(0, maxForged)
    .map((occurrence): FieldEdit => ({ kind: 'remove-field', name: fieldName, occurrence }));
  if (occurrences.length > maxForged || hidesResults(strayLines))
    return { kind: 'too-many', edits, reply: tooMany };
  return edits.length === 0 ? { kind: 'none' } : { kind: 'fields', edits };
}

/** Results behind a line that is no field: some programs read them, and they are no fields that could be removed. */
function hidesResults(strayLines: string): boolean {
  return /^authentication-results[\0-\x20]*:/imu.test(strayLines);
}
