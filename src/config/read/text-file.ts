// Reads a text file that people write: UTF-8, with or without the byte order mark that some editors add.
// Promises: bytes that are not UTF-8 are an error with a place; they are never read as other characters.

import { readFileSync } from 'node:fs';

/** The file is not UTF-8. Line and column are counted from 1. */
export class TextFileError extends Error {
  readonly line: number;
  readonly column: number;

  constructor(message: string, line: number, column: number) {
    super(message);
    this.line = line;
    this.column = column;
  }
}

/**
 * Reads a file.
 * @returns Its text without a byte order mark.
 * @throws {TextFileError} when it is not UTF-8
 * @throws {Error} of the system when it cannot be read
 */
export function readTextFile(path: string): string {
  const bytes = readFileSync(path);
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) {
    throw new TextFileError('the file is in UTF-16; save it as UTF-8', 1, 1);
  }
  const text = bytes.toString('utf8');
  if (text.includes('\ufffd') && !Buffer.from(text).equals(bytes)) throw notUtf8(bytes, text);
  return withoutByteOrderMark(text);
}

/** Removes a byte order mark (U+FEFF) from the beginning. */
export function withoutByteOrderMark(text: string): string {
  return text.startsWith('\ufeff') ? text.slice(1) : text;
}

function notUtf8(bytes: Buffer, text: string): TextFileError {
  // Finds the first replacement character whose bytes in the file are other ones: U+FFFD may also be in the file itself.
  let at = text.indexOf('\ufffd');
  for (; at !== -1; at = text.indexOf('\ufffd', at + 1)) {
    const offset = Buffer.byteLength(text.slice(0, at));
    if (!bytes.subarray(offset, offset + 3).equals(Buffer.from('\ufffd'))) break;
  }
  const before = text.slice(0, at).split('\n');
  return new TextFileError(
    'this byte is not UTF-8 (a letter of Latin-1?); save the file as UTF-8',
    before.length,
    (before.at(-1)?.length ?? 0) + 1,
  );
}
