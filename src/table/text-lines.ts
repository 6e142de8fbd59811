// Reads the lines of a text file that people or programs write: UTF-8, with LF or CRLF, with or without a byte order mark.
// Promises: it reads in pieces, so that other work gets a turn however large the file is, and it holds one piece at a time.
// Bytes that are not UTF-8, control characters and lines that are too long are errors with a line number.

import { isUtf8 } from 'node:buffer';
import type { FileHandle } from 'node:fs/promises';
import { brokenTable, type TableError } from './table-error.ts';

/** Read at once, and gone through in one turn of the event loop: a few milliseconds, where a line costs a microsecond. */
const usualPieceBytes = 65_536;
const usualLineBytes = 8192;

const lf = 10;
const cr = 13;
const tab = 9;
const space = 32;
const numberSign = 35;

/**
 * Is called with each line that is neither empty nor a comment (its first visible character is `#`).
 * @param bytes - the line without its end; valid until the function returns, and it may change them
 * @param line - its number, from 1
 */
export type TakeLine = (bytes: Buffer, line: number) => void;

/** Is told of a line that cannot be read, so that the others can. @param bytes - valid until it returns */
export type SkipLine = (bytes: Buffer, error: TableError, line: number) => void;

export interface LineReading {
  /** The longest line, without its end; 8,192 unless it is given. */
  readonly maxLineBytes?: number | undefined;
  /** More than two of the longest lines, and 65,536 unless it is given; smaller where lines cost more. */
  readonly pieceBytes?: number;
  /** Undefined: a line that cannot be read is an error. */
  readonly skip?: SkipLine | undefined;
}

/**
 * Reads all lines.
 * @returns whether the last line has an end: a file that is being written often does not
 * @throws {TableError} `TABLE_BROKEN` when it is not a text file, {Error} of the system when it cannot be read
 */
export async function readLines(
  handle: FileHandle,
  take: TakeLine,
  { maxLineBytes = usualLineBytes, pieceBytes = usualPieceBytes, skip }: LineReading = {},
): Promise<boolean> {
  const buffer = Buffer.allocUnsafeSlow(pieceBytes);
  let kept = 0;
  let position = 0;
  let line = 0;
  /** The rest of a line that was skipped, up to its end. */
  let isPassedOver = false;
  const takeOne = (bytes: Buffer): void => {
    line++;
    if (!isPassedOver) takeLine(bytes, line, maxLineBytes, take, skip);
    isPassedOver = false;
  };
  for (;;) {
    const { bytesRead } = await handle.read(buffer, kept, pieceBytes - kept, position);
    if (bytesRead === 0) break;
    let start = position === 0 ? byteOrderMark(buffer.subarray(0, bytesRead)) : 0;
    position += bytesRead;
    const end = kept + bytesRead;
    for (let at = buffer.indexOf(lf, start); at !== -1 && at < end; at = buffer.indexOf(lf, start)) {
      takeOne(buffer.subarray(start, at));
      start = at + 1;
    }
    kept = end - start;
    if (kept > maxLineBytes + 1) {
      if (!isPassedOver)
        skipOrThrow(buffer.subarray(start, end), tooLong(line + 1, maxLineBytes), line + 1, skip);
      isPassedOver = true;
      kept = 0;
    }
    buffer.copyWithin(0, end - kept, end);
  }
  const isEnded = kept === 0 && !isPassedOver;
  if (kept > 0) takeOne(buffer.subarray(0, kept));
  return isEnded;
}

function takeLine(
  bytes: Buffer,
  line: number,
  maxLineBytes: number,
  take: TakeLine,
  skip: SkipLine | undefined,
): void {
  const content = bytes[bytes.length - 1] === cr ? bytes.subarray(0, -1) : bytes;
  if (content.length > maxLineBytes) {
    skipOrThrow(content, tooLong(line, maxLineBytes), line, skip);
    return;
  }
  let first = 0;
  for (; first < content.length; first++) if (content[first] !== space && content[first] !== tab) break;
  if (first === content.length || content[first] === numberSign) return;
  const fault = characterFault(content, line);
  if (fault === undefined) take(content, line);
  else skipOrThrow(content, fault, line, skip);
}

function skipOrThrow(bytes: Buffer, error: TableError, line: number, skip: SkipLine | undefined): void {
  if (skip === undefined) throw error;
  skip(bytes, error, line);
}

function characterFault(content: Buffer, line: number): TableError | undefined {
  let isAscii = true;
  for (let at = 0; at < content.length; at++) {
    const byte = content[at] ?? 0;
    if (byte >= 0x80) isAscii = false;
    else if ((byte < space && byte !== tab) || byte === 0x7f) {
      const code = byte.toString(16).padStart(2, '0');
      return brokenTable(`line ${line} has the control character 0x${code}; this is not a text file`);
    }
  }
  return isAscii || isUtf8(content)
    ? undefined
    : brokenTable(`line ${line} is not UTF-8`, 'Save the file as UTF-8.');
}

/** @returns the bytes of UTF-8's byte order mark at the beginning: 3, or 0 without one */
function byteOrderMark(beginning: Buffer): number {
  const [first, second, third] = beginning;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff))
    throw brokenTable('the file is in UTF-16', 'Save the file as UTF-8.');
  return first === 0xef && second === 0xbb && third === 0xbf ? 3 : 0;
}

function tooLong(line: number, maxLineBytes: number) {
  return brokenTable(`line ${line} is longer than ${maxLineBytes} bytes`);
}
