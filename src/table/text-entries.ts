// Reads the entries of a text file: each line is a key, and perhaps a value.

import { isUtf8 } from 'node:buffer';
import type { FileHandle } from 'node:fs/promises';
import { brokenTable, TableError } from './table-error.ts';
import { tableKey } from './table-key.ts';
import { type LineReading, readLines, type SkipLine, type TakeLine } from './text-lines.ts';
import { isWhiteSpace } from './kinds/white-space.ts';

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
  /** The key of a line that has an empty one; not given: such a line is a mistake. */
  readonly emptyKey?: string;
  /** A line that begins with white space goes on with the one before it. */
  readonly goesOn?: true;
  /** Lines may be as long as an entry that goes over several. */
  readonly hasLongLines?: true;
  /** Of several lines with one key, the last counts. */
  readonly lastCounts?: true;
  /** The key that a line which cannot be read seems to be about; not given: such a line makes the whole file useless. Undefined: about none. */
  readonly keyOfUnread?: (bytes: Buffer) => Buffer | undefined;
}

/**
 * Is called with the bytes of each entry; they are valid until it returns.
 * @param line - its number, from 1
 */
export type TakeEntry = (key: Buffer, value: Buffer, line: number) => void;

/** Is told of a line that cannot be read. @param key - that it seems to be about; undefined: about none */
export type TakeUnread = (key: Buffer | undefined, error: TableError, line: number) => void;

/** The longest entry that goes over several lines. */
const maxJoinedBytes = 65_536;
/** Room for more than two of the longest. */
const longLines = { maxLineBytes: maxJoinedBytes, pieceBytes: 4 * maxJoinedBytes };

const upperA = 65;
const upperZ = 90;

/**
 * Reads all entries. Keys are in the form of `tableKey`.
 * @returns whether the last line has an end
 * @throws {TableError} `TABLE_BROKEN` when a line does not have the form, {Error} of the system when the file cannot be read
 */
export function readEntries(
  handle: FileHandle,
  form: TextForm,
  take: TakeEntry,
  unread?: TakeUnread,
): Promise<boolean> {
  const { keyOfUnread } = form;
  const skip: SkipLine | undefined =
    unread && keyOfUnread && ((bytes, error, line) => unread(keyOfBroken(bytes, keyOfUnread), error, line));
  const entry = (bytes: Buffer, line: number): void => {
    let parts: LineParts;
    try {
      parts = form.parts(bytes, line);
    } catch (error) {
      if (!(error instanceof TableError) || skip === undefined) throw error;
      skip(bytes, error, line);
      return;
    }
    const { keyStart, keyEnd, valueStart, valueEnd } = parts;
    let key = keyBytes(bytes.subarray(keyStart, keyEnd));
    if (key.length === 0 && form.emptyKey !== undefined) key = Buffer.from(form.emptyKey);
    if (key.length === 0) throw brokenTable(`line ${line} has no key`);
    take(key, bytes.subarray(valueStart, valueEnd), line);
  };
  const reading = { ...(form.hasLongLines === true && longLines), skip };
  return form.goesOn === true ? readJoinedLines(handle, entry, reading) : readLines(handle, entry, reading);
}

function keyOfBroken(bytes: Buffer, keyOf: (bytes: Buffer) => Buffer | undefined): Buffer | undefined {
  const key = keyOf(bytes);
  return key === undefined || key.length === 0 || !isUtf8(key) ? undefined : keyBytes(Buffer.from(key));
}

/** Reads lines of which one that begins with white space goes on with the one before it. */
async function readJoinedLines(handle: FileHandle, take: TakeLine, reading: LineReading): Promise<boolean> {
  const { skip } = reading;
  let joined: Buffer = Buffer.alloc(0);
  let first = 0;
  /** Of one of the lines of the entry. */
  let fault: TableError | undefined;
  const end = (): void => {
    if (first === 0) return;
    if (fault === undefined) take(joined, first);
    else if (skip === undefined) throw fault;
    else skip(joined, fault, first);
  };
  const line = (bytes: Buffer, number: number, wrong: TableError | undefined): void => {
    if (isWhiteSpace(bytes[0]) && first > 0) {
      fault ??= wrong;
      if (joined.length + bytes.length > maxJoinedBytes)
        fault ??= brokenTable(`the entry of line ${first} is longer than ${maxJoinedBytes} bytes`);
      if (fault === undefined) joined = Buffer.concat([joined, bytes]);
      else if (skip === undefined) throw fault;
      return;
    }
    end();
    joined = Buffer.from(bytes);
    first = number;
    fault = isWhiteSpace(bytes[0])
      ? brokenTable(`line ${number} begins with white space, and no line is before it`)
      : wrong;
    if (fault !== undefined && skip === undefined) throw fault;
  };
  const isComplete = await readLines(handle, (bytes, number) => line(bytes, number, undefined), {
    ...reading,
    skip: skip && ((bytes, error, number) => line(bytes, number, error)),
  });
  end();
  return isComplete;
}

/**
 * The warning about keys that are on several lines.
 * @param count - of the lines that repeat an earlier key
 * @param example - the first such key
 */
export function repeatedKeys(
  count: number,
  example: string,
  { hasSeveralValues, lastCounts }: TextForm,
): string {
  const lines = count === 1 ? 'a line repeats' : `${count} lines repeat`;
  const one = `the ${lastCounts === true ? 'last' : 'first'} line of a key counts`;
  const effect = hasSeveralValues && lastCounts !== true ? 'all values of such a key are used' : one;
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
