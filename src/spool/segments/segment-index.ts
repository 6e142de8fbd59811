// The index of a sealed segment: offset, header and envelope of every acknowledged record, so that recovery need not read
// the segment. It is written once and not synced: if it is missing or torn, recovery reads the segment.

import { crc32 } from 'node:zlib';
import { fdatasync, readUpTo, readWhole, writeAll } from '../file-io.ts';
import type { FileLayer } from '../file-layer.ts';
import { recordMagic, getUint53, headLengthAt, parseHead, putUint53, type RecordHead } from './record.ts';

const indexHeaderBytes = 40;
const offsetBytes = 8;
const magic = Buffer.from('SLIX', 'latin1').readUInt32LE(0);
const version = 1;
const chunkBytes = 64 * 1024;
/** A larger index is not read into memory: its segment tells the same. */
const maxIndexBytes = 512 * 1024 * 1024;

/** Collects the entries of the index while records are appended. */
export class IndexBuilder {
  readonly #full: Buffer[] = [];
  #chunk = Buffer.allocUnsafeSlow(chunkBytes);
  #used = 0;
  #count = 0;

  get count(): number {
    return this.#count;
  }

  add(offset: number, head: Buffer): void {
    const needed = offsetBytes + head.length;
    if (this.#used + needed > this.#chunk.length) {
      this.#full.push(this.#chunk.subarray(0, this.#used));
      this.#chunk = Buffer.allocUnsafeSlow(Math.max(chunkBytes, needed));
      this.#used = 0;
    }
    putUint53(this.#chunk, offset, this.#used);
    head.copy(this.#chunk, this.#used + offsetBytes);
    this.#used += needed;
    this.#count++;
  }

  /** Returns the whole index of segment `id`. @param sealedLength - length of the segment in bytes */
  finish(id: number, sealedLength: number): Buffer[] {
    const body = [...this.#full, this.#chunk.subarray(0, this.#used)];
    const header = Buffer.alloc(indexHeaderBytes);
    let length = 0;
    let crc = 0;
    for (const chunk of body) {
      length += chunk.length;
      crc = crc32(chunk, crc);
    }
    header.writeUInt32LE(magic, 0);
    header.writeUInt16LE(version, 8);
    header.writeUInt32LE(this.#count, 12);
    putUint53(header, id, 16);
    putUint53(header, sealedLength, 24);
    header.writeUInt32LE(length, 32);
    header.writeUInt32LE(crc, 36);
    header.writeUInt32LE(crc32(header.subarray(8)), 4);
    return [header, ...body];
  }
}

/** Writes an index and replaces an existing one. @param durable - also syncs the file */
export async function writeIndex(
  files: FileLayer,
  path: string,
  index: readonly Buffer[],
  durable: boolean,
): Promise<void> {
  const fd = await files.open(path, 'w');
  try {
    await writeAll(files, fd, index, 0);
    if (durable) await fdatasync(files, fd);
  } finally {
    await files.close(fd);
  }
}

interface IndexHeader {
  readonly count: number;
  readonly sealedLength: number;
  readonly bodyLength: number;
  readonly bodyCrc: number;
}

function parseIndexHeader(buffer: Buffer, id: number): IndexHeader | undefined {
  if (buffer.length < indexHeaderBytes || buffer.readUInt32LE(0) !== magic) return undefined;
  if (crc32(buffer.subarray(8, indexHeaderBytes)) !== buffer.readUInt32LE(4)) return undefined;
  if (buffer.readUInt16LE(8) !== version || getUint53(buffer, 16) !== id) return undefined;
  return {
    count: buffer.readUInt32LE(12),
    sealedLength: getUint53(buffer, 24),
    bodyLength: buffer.readUInt32LE(32),
    bodyCrc: buffer.readUInt32LE(36),
  };
}

/** The number of records in the header of an index; undefined when the header cannot be read. */
export async function readIndexCount(
  files: FileLayer,
  path: string,
  id: number,
): Promise<number | undefined> {
  const fd = await files.open(path, 'r');
  try {
    const buffer = Buffer.alloc(indexHeaderBytes);
    const got = await readUpTo(files, fd, buffer, indexHeaderBytes, 0);
    return parseIndexHeader(buffer.subarray(0, got), id)?.count;
  } finally {
    await files.close(fd);
  }
}

/** A record of a segment, found through its index or in the segment itself. */
export interface FoundRecord {
  readonly offset: number;
  readonly head: RecordHead;
  /** Contains header and envelope, from `at` on. */
  readonly bytes: Buffer;
  readonly at: number;
  /** Set when it is known that the message cannot be read from its segment. */
  readonly damage?: RecordDamage | undefined;
}

export interface RecordDamage {
  /** `missing`: the record or its large file is gone; `content`: it is there, and damaged. */
  readonly kind: 'content' | 'missing';
  readonly why: string;
}

export interface IndexContents {
  readonly records: FoundRecord[];
  /** Length of the sealed segment; 0 when the header of the index is damaged. */
  readonly sealedLength: number;
  /** True if the whole index is intact. Otherwise `records` has only the entries whose own checksum matches. */
  readonly isWhole: boolean;
}

/** Reads an index; of a damaged one, the intact entries. */
export async function readIndex(files: FileLayer, path: string, id: number): Promise<IndexContents> {
  const bytes = await readWhole(files, path, maxIndexBytes);
  const header = parseIndexHeader(bytes, id);
  const sealedLength = header?.sealedLength ?? 0;
  if (header !== undefined && bytes.length >= indexHeaderBytes + header.bodyLength) {
    const body = bytes.subarray(indexHeaderBytes, indexHeaderBytes + header.bodyLength);
    const records = crc32(body) === header.bodyCrc ? entriesOf(body) : undefined;
    if (records?.length === header.count) return { records, sealedLength, isWhole: true };
  }
  return { records: salvaged(bytes), sealedLength, isWhole: false };
}

function entriesOf(body: Buffer): FoundRecord[] | undefined {
  const records: FoundRecord[] = [];
  let position = 0;
  while (position + offsetBytes < body.length) {
    const at = position + offsetBytes;
    const head = parseHead(body, at);
    if (head === undefined) return undefined;
    records.push({ offset: getUint53(body, position), head, bytes: body, at });
    position = at + headLengthAt(body, at);
  }
  return records;
}

/** Every entry whose head has a matching checksum. Its offset has no checksum, so callers must verify the record there. */
function salvaged(bytes: Buffer): FoundRecord[] {
  const records: FoundRecord[] = [];
  const least = indexHeaderBytes + offsetBytes;
  for (let at = bytes.indexOf(recordMagic, least); at >= 0;) {
    const head = parseHead(bytes, at);
    if (head === undefined) {
      at = bytes.indexOf(recordMagic, at + 1);
      continue;
    }
    const offset = getUint53(bytes, at - offsetBytes);
    if (Number.isSafeInteger(offset)) records.push({ offset, head, bytes, at });
    at = bytes.indexOf(recordMagic, at + headLengthAt(bytes, at));
  }
  return records;
}
