// What is read of a constant database when it is opened: where its hash tables are, the tables themselves where they are to be held, and what its
// first keys look like.

import type { FileHandle } from 'node:fs/promises';
import { brokenTable } from '../table-error.ts';
import { tableKey } from '../table-key.ts';
import { hashTables, headerBytes, maxFileBytes, slotBytes } from './format.ts';
import { sampleBytes, sampleKeys } from './sample-keys.ts';
import type { HashTables } from './search.ts';

/** Larger hash tables are not held: those of eight million records. */
const mostIndexBytes = 128 * 1024 * 1024;

/** The end of the file, from its first hash table on. */
export interface Index {
  readonly bytes: Buffer;
  readonly start: number;
}

/** Reads where the hash tables are. @throws {TableError} `TABLE_BROKEN` */
export async function readHeader(handle: FileHandle, sizeBytes: number): Promise<HashTables> {
  if (sizeBytes >= maxFileBytes) throw brokenTable('it is larger than 4 GiB, and no cdb can be');
  const header = Buffer.alloc(headerBytes);
  const { bytesRead } = await handle.read(header, 0, headerBytes, 0);
  if (bytesRead < headerBytes)
    throw brokenTable(`it has ${bytesRead} bytes, and a cdb has ${headerBytes} at least`);
  if (header.every((byte) => byte === 0)) {
    const advice = 'A file that was not written to its end can be like that: build it again.';
    throw brokenTable('it begins with zero bytes only, and no cdb does', advice);
  }
  const tables = new Uint32Array(2 * hashTables);
  for (let table = 0; table < hashTables; table++) {
    const position = header.readUInt32LE(8 * table);
    const slots = header.readUInt32LE(8 * table + 4);
    if (slots > 0 && (position < headerBytes || position + slots * slotBytes > sizeBytes)) {
      const advice = 'The file is cut off, or no cdb: build it again.';
      throw brokenTable(`its hash table ${table} lies outside of the file`, advice);
    }
    tables[2 * table] = position;
    tables[2 * table + 1] = slots;
  }
  return tables;
}

/** Where the first hash table begins; infinite without records. All programs write the tables one after the other, behind the records. */
export function endOfRecords(tables: HashTables): number {
  return tables.reduce((least, position, index) => {
    const isUsed = index % 2 === 0 && (tables[index + 1] ?? 0) > 0;
    return isUsed ? Math.min(least, position) : least;
  }, Infinity);
}

/** The hash tables; undefined when they are too large to be held. */
export async function readIndex(
  handle: FileHandle,
  start: number,
  sizeBytes: number,
): Promise<Index | undefined> {
  if (sizeBytes - start > mostIndexBytes || start > sizeBytes) return undefined;
  const bytes = Buffer.allocUnsafeSlow(sizeBytes - start);
  for (let read = 0; read < bytes.length;) {
    const { bytesRead } = await handle.read(bytes, read, bytes.length - read, start + read);
    if (bytesRead === 0) throw brokenTable('it ends too early', 'The file was changed while it was read.');
    read += bytesRead;
  }
  return { bytes, start };
}

/** Warns of keys that no look-up asks for, as far as the first records show. */
export async function warningsOf(handle: FileHandle, end: number): Promise<readonly string[]> {
  const beginning = Buffer.allocUnsafe(sampleBytes);
  const { bytesRead } = await handle.read(beginning, 0, sampleBytes, 0);
  const never = sampleKeys(beginning.subarray(0, bytesRead), end).find(
    (key) => tableKey(key) !== key || key.endsWith('\0'),
  );
  if (never === undefined) return [];
  const reason = never.endsWith('\0')
    ? 'since it ends in a zero byte'
    : `since keys are looked up as ${JSON.stringify(tableKey(never))}`;
  return [`a key such as ${JSON.stringify(never)} is never found, ${reason}`];
}
