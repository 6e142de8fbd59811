// Reads all records of a constant database from its beginning to its end, for tables that are held in memory.
// Promises: it holds one piece of the file at a time, and other work gets a turn between two pieces.

import type { FileHandle } from 'node:fs/promises';
import { brokenTable } from '../table-error.ts';
import { hashTables, headerBytes, recordHeadBytes } from './format.ts';

/** Gone through in one turn of the event loop. */
const pieceBytes = 16_384;
/** The most bytes of a key and its value together. */
const maxRecordBytes = 65_536;

/** Is called with each record; the bytes are valid until it returns. */
export type TakeRecord = (key: Buffer, value: Buffer) => void;

/**
 * @throws {TableError} `TABLE_BROKEN` when the file is no constant database, {Error} of the system when it cannot be read
 */
export async function readRecords(handle: FileHandle, take: TakeRecord): Promise<void> {
  const end = await endOfRecords(handle);
  const buffer = Buffer.allocUnsafeSlow(pieceBytes + maxRecordBytes);
  let kept = 0;
  for (let position = headerBytes; position < end;) {
    const wanted = Math.min(pieceBytes, end - position);
    const { bytesRead } = await handle.read(buffer, kept, wanted, position);
    if (bytesRead === 0) throw cutOff();
    position += bytesRead;
    const used = takeRecords(buffer.subarray(0, kept + bytesRead), take);
    kept += bytesRead - used;
    buffer.copyWithin(0, used, used + kept);
  }
  if (kept > 0) throw cutOff();
}

/** Where the first hash table begins, behind the last record. All programs write the tables one after the other. */
async function endOfRecords(handle: FileHandle): Promise<number> {
  const header = Buffer.alloc(headerBytes);
  const { bytesRead } = await handle.read(header, 0, headerBytes, 0);
  if (bytesRead < headerBytes)
    throw brokenTable(`it has ${bytesRead} bytes, and a cdb has ${headerBytes} at least`);
  let end = Infinity;
  for (let table = 0; table < hashTables; table++) end = Math.min(end, header.readUInt32LE(8 * table));
  const { size } = await handle.stat();
  if (end < headerBytes || end > size) throw cutOff();
  return end;
}

/** @returns how many bytes the whole records have */
function takeRecords(bytes: Buffer, take: TakeRecord): number {
  let at = 0;
  while (at + recordHeadBytes <= bytes.length) {
    const keyBytes = bytes.readUInt32LE(at);
    const valueBytes = bytes.readUInt32LE(at + 4);
    const start = at + recordHeadBytes;
    if (keyBytes + valueBytes + recordHeadBytes > maxRecordBytes)
      throw brokenTable(
        `it has a record of more than ${maxRecordBytes} bytes`,
        'The file is damaged, or no cdb: build it again.',
      );
    const end = start + keyBytes + valueBytes;
    if (end > bytes.length) break;
    take(bytes.subarray(start, start + keyBytes), bytes.subarray(start + keyBytes, end));
    at = end;
  }
  return at;
}

function cutOff() {
  return brokenTable(
    'its records do not end where its hash tables begin',
    'The file is cut off, or no cdb: build it again.',
  );
}
