// Writes a constant database: the records as they come, then the hash tables. For commands: it waits for the disk.

import { readSync, writeSync } from 'node:fs';
import { brokenTable, tooManyValues } from '../table-error.ts';
import { maxValues } from '../table.ts';
import { cdbHash, hashTables, headerBytes, maxFileBytes, recordHeadBytes, slotBytes } from './format.ts';

/** Bytes that are written at once. */
const bufferBytes = 1024 * 1024;

export interface CdbWriterOptions {
  /** May a key have several values? Otherwise its first counts. */
  readonly hasSeveralValues: boolean;
  /** Is told of each record whose key was there before. */
  readonly repeated: (key: string) => void;
}

export class CdbWriter {
  readonly #fd: number;
  readonly #options: CdbWriterOptions;
  readonly #buffer = Buffer.allocUnsafeSlow(bufferBytes);
  /** Bytes in the buffer, and in the file before them. */
  #buffered = 0;
  #written = headerBytes;
  #count = 0;
  /** Of each record, in the order in which they came. */
  #hashes = new Uint32Array(1024);
  #positions = new Uint32Array(1024);

  /** @param fd - an empty file, open for reading and writing */
  constructor(fd: number, options: CdbWriterOptions) {
    this.#fd = fd;
    this.#options = options;
  }

  /**
   * Adds a record. Key and value have 65,535 bytes at most, each.
   * @throws {TableError} when the file would be larger than the format allows
   */
  add(key: Buffer, value: Buffer): void {
    const position = this.#written + this.#buffered;
    const bytes = recordHeadBytes + key.length + value.length;
    // Each record takes two slots later.
    if (position + bytes + (this.#count + 1) * 2 * slotBytes >= maxFileBytes) throw tooLarge();
    if (this.#buffered + bytes > bufferBytes) this.#flush();
    const at = this.#buffered;
    this.#buffer.writeUInt32LE(key.length, at);
    this.#buffer.writeUInt32LE(value.length, at + 4);
    this.#buffer.set(key, at + recordHeadBytes);
    this.#buffer.set(value, at + recordHeadBytes + key.length);
    this.#buffered += bytes;
    this.#remember(cdbHash(key), position);
  }

  /**
   * Writes the hash tables; the file is complete then.
   * @returns how many records can be found
   * @throws {TableError} when a key has too many values
   */
  finish(): number {
    this.#flush();
    const records = this.#byTable();
    const header = Buffer.alloc(headerBytes);
    let found = 0;
    for (const [table, { hashes, positions }] of records.entries()) {
      const slots = Buffer.alloc(2 * hashes.length * slotBytes);
      for (const [index, hash] of hashes.entries()) {
        if (this.#insert(slots, hash, positions[index] ?? 0)) found++;
      }
      header.writeUInt32LE(this.#written, 8 * table);
      header.writeUInt32LE(2 * hashes.length, 8 * table + 4);
      this.#write(slots, this.#written);
      this.#written += slots.length;
    }
    this.#write(header, 0);
    return found;
  }

  #remember(hash: number, position: number): void {
    if (this.#count === this.#hashes.length) {
      this.#hashes = doubled(this.#hashes);
      this.#positions = doubled(this.#positions);
    }
    this.#hashes[this.#count] = hash;
    this.#positions[this.#count++] = position;
  }

  /** The records of each hash table, in the order in which they came. */
  #byTable(): readonly { readonly hashes: Uint32Array; readonly positions: Uint32Array }[] {
    const counts = new Uint32Array(hashTables);
    for (let index = 0; index < this.#count; index++) increase(counts, (this.#hashes[index] ?? 0) & 0xff);
    const tables = Array.from(counts, (count) => ({
      hashes: new Uint32Array(count),
      positions: new Uint32Array(count),
    }));
    counts.fill(0);
    for (let index = 0; index < this.#count; index++) {
      const hash = this.#hashes[index] ?? 0;
      const table = tables[hash & 0xff];
      const at = increase(counts, hash & 0xff);
      if (table === undefined) continue;
      table.hashes[at] = hash;
      table.positions[at] = this.#positions[index] ?? 0;
    }
    return tables;
  }

  /** @returns false when the record is left out, since its key is there already */
  #insert(slots: Buffer, hash: number, position: number): boolean {
    const count = slots.length / slotBytes;
    let key: Buffer | undefined;
    let earlier = 0;
    let slot = (hash >>> 8) % count;
    for (;;) {
      const at = slot * slotBytes;
      const taken = slots.readUInt32LE(at + 4);
      if (taken === 0) break;
      if (slots.readUInt32LE(at) === hash) {
        key ??= this.#keyAt(position);
        if (key.equals(this.#keyAt(taken))) earlier++;
      }
      slot = slot + 1 === count ? 0 : slot + 1;
    }
    if (earlier > 0 && key !== undefined) {
      this.#options.repeated(key.toString());
      if (!this.#options.hasSeveralValues) return false;
      if (earlier === maxValues) throw tooManyValues(key.toString());
    }
    slots.writeUInt32LE(hash, slot * slotBytes);
    slots.writeUInt32LE(position, slot * slotBytes + 4);
    return true;
  }

  /** Reads the key of a record back. */
  #keyAt(position: number): Buffer {
    const head = Buffer.alloc(4);
    readSync(this.#fd, head, 0, 4, position);
    const key = Buffer.alloc(head.readUInt32LE());
    readSync(this.#fd, key, 0, key.length, position + recordHeadBytes);
    return key;
  }

  #flush(): void {
    this.#write(this.#buffer.subarray(0, this.#buffered), this.#written);
    this.#written += this.#buffered;
    this.#buffered = 0;
  }

  #write(bytes: Buffer, position: number): void {
    for (let done = 0; done < bytes.length;)
      done += writeSync(this.#fd, bytes, done, bytes.length - done, position + done);
  }
}

/** @returns the number before it was increased */
function increase(counts: Uint32Array, index: number): number {
  const before = counts[index] ?? 0;
  counts[index] = before + 1;
  return before;
}

function doubled(numbers: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(2 * numbers.length);
  larger.set(numbers);
  return larger;
}

function tooLarge() {
  return brokenTable(
    'a cdb of it would be larger than 4 GiB, which the format does not allow',
    'Use SQLite.',
  );
}
