// Reads the entries of a text file: each line is a key, and perhaps a value.

import type { FileHandle } from 'node:fs/promises';
import { brokenTable } from './table-error.ts';
import { tableKey } from './table-key.ts';
import { readLines } from './text-lines.ts';

/** One line of a text file. Offsets are in bytes of the line. */
export interface LineParts {
  readonly keyStart: number;
  readonly keyEnd: number;
  readonly valueStart: number;
  readonly valueEnd: number;
}

/** How a kind of table reads its text. */
export interface TextForm {
  /**
   * Takes a line apart.
   * @param line - its number, for errors
   * @throws {TableError} `TABLE_BROKEN` when the line does not have this form
   */
  readonly parts: (bytes: Buffer, line: number) => LineParts;
  /** May a key be on several lines, each with one of its values? Otherwise the first line counts. */
  readonly hasSeveralValues: boolean;
}

/**
 * Is called with the bytes of each entry; they are valid until it returns.
 * @param line - its number, from 1
 */
export type TakeEntry = (key: Buffer, value: Buffer, line: number) => void;

const upperA = 65;
const upperZ = 90;

/**
 * Reads all entries. Keys are in the form of `tableKey`.
 * @returns whether the last line has an end
 * @throws {TableError} `TABLE_BROKEN` when a line does not have the form, {Error} of the system when the file cannot be read
 */
export function readEntries(handle: FileHandle, form: TextForm, take: TakeEntry): Promise<boolean> {
  return readLines(handle, (bytes, line) => {
    const { keyStart, keyEnd, valueStart, valueEnd } = form.parts(bytes, line);
    const key = keyBytes(bytes.subarray(keyStart, keyEnd));
    if (key.length === 0) throw brokenTable(`line ${line} has no key`);
    take(key, bytes.subarray(valueStart, valueEnd), line);
  });
}

/**
 * The warning about keys that are on several lines.
 * @param count - of the lines that repeat an earlier key
 * @param example - the first such key
 */
export function repeatedKeys(count: number, example: string, { hasSeveralValues }: TextForm): string {
  const lines = count === 1 ? 'a line repeats' : `${count} lines repeat`;
  const effect = hasSeveralValues ? 'all values of such a key are used' : 'the first line of a key counts';
  return `${lines} the key of an earlier line, such as ${JSON.stringify(example)}: ${effect}`;
}

/** Folds ASCII in place; only other keys are made anew. */
function keyBytes(bytes: Buffer): Buffer {
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index] ?? 0;
    if (byte >= 0x80) return Buffer.from(tableKey(bytes.toString()));
    if (byte >= upperA && byte <= upperZ) bytes[index] = byte + 32;
  }
  return bytes;
}
