// Searches a key in a constant database without reading the file: it says which bytes it needs next, and is given them. So the
// same search runs on synchronous and on asynchronous reads.
// Promises: whatever the file holds, it asks for bytes inside the file only, and it comes to an end.

import { maxValues } from '../table.ts';
import { cdbHash, recordHeadBytes, slotBytes } from './format.ts';

/** Slots that are read at once: the first read has all that most searches need. */
const slotsAtOnce = 8;
/** Bytes of a record that are read with its lengths: the whole of most records. */
const recordGuessBytes = 256;
/** Slots that are looked at for one key. More than a few are needed only for a key with many values. */
const mostSlots = 10_000;
/** The most bytes of one value. */
const mostValueBytes = 65_536;

/** The 256 hash tables as the file's header has them: position and slots of each in turn. All lie inside the file. */
export type HashTables = Uint32Array;

export class CdbSearch {
  /** The bytes that it needs next. When `length` is 0, the search is over. */
  position = 0;
  length = 0;
  /** The values found so far; undefined: none. */
  values: string[] | undefined;
  /** Why the file cannot be trusted, or has more than can be answered; empty without a reason. */
  fault = '';

  readonly #tables: HashTables;
  readonly #fileBytes: number;
  #key: Buffer = Buffer.alloc(0);
  #hash = 0;
  #tablePosition = 0;
  #tableSlots = 0;
  /** The slot that is looked at next. */
  #slot = 0;
  #looked = 0;
  /** Where the record is that is being read; 0: slots are. */
  #record = 0;

  constructor(tables: HashTables, fileBytes: number) {
    this.#tables = tables;
    this.#fileBytes = fileBytes;
  }

  /** Begins a search. The key must not change before it is over. */
  begin(key: Buffer): void {
    const hash = cdbHash(key);
    const table = (hash & 0xff) * 2;
    this.#key = key;
    this.#hash = hash;
    this.#tablePosition = this.#tables[table] ?? 0;
    this.#tableSlots = this.#tables[table + 1] ?? 0;
    this.#slot = this.#tableSlots === 0 ? 0 : (hash >>> 8) % this.#tableSlots;
    this.#looked = 0;
    this.values = undefined;
    this.fault = '';
    this.#nextSlots();
  }

  /**
   * Takes the bytes that it asked for. They may be overwritten afterwards.
   * @param count - how many of `bytes` were read; fewer than it asked for when the file ends there
   */
  take(bytes: Buffer, count: number): void {
    if (count < this.length) this.#fail('it ends too early');
    else if (this.#record === 0) this.#lookAtSlots(bytes);
    else this.#lookAtRecord(bytes);
  }

  #nextSlots(): void {
    this.#record = 0;
    const most = Math.min(mostSlots, this.#tableSlots);
    if (this.#looked === most) {
      if (most === this.#tableSlots) this.length = 0;
      else this.#fail(`more than ${mostSlots} slots of a hash table are in use one after the other`);
      return;
    }
    const count = Math.min(slotsAtOnce, this.#tableSlots - this.#slot, most - this.#looked);
    this.position = this.#tablePosition + this.#slot * slotBytes;
    this.length = count * slotBytes;
  }

  #lookAtSlots(bytes: Buffer): void {
    for (let at = 0; at < this.length; at += slotBytes) {
      const record = bytes.readUInt32LE(at + 4);
      if (record === 0) {
        this.length = 0;
        return;
      }
      this.#looked++;
      this.#slot = this.#slot + 1 === this.#tableSlots ? 0 : this.#slot + 1;
      if (bytes.readUInt32LE(at) !== this.#hash) continue;
      this.#record = record;
      this.#askForRecord(recordGuessBytes);
      return;
    }
    this.#nextSlots();
  }

  #askForRecord(wishedBytes: number): void {
    this.position = this.#record;
    this.length = Math.min(wishedBytes, this.#fileBytes - this.#record);
    if (this.length < recordHeadBytes) this.#fail('a slot leads out of the file');
  }

  #lookAtRecord(bytes: Buffer): void {
    const keyBytes = bytes.readUInt32LE(0);
    const dataBytes = bytes.readUInt32LE(4);
    if (keyBytes !== this.#key.length) {
      this.#nextSlots();
      return;
    }
    const end = recordHeadBytes + keyBytes + dataBytes;
    if (this.#record + end > this.#fileBytes) {
      this.#fail('a record leads out of the file');
      return;
    }
    if (dataBytes > mostValueBytes) {
      this.#fail(`a value is longer than ${mostValueBytes} bytes`);
      return;
    }
    if (end > this.length) {
      this.#askForRecord(end);
      return;
    }
    const dataStart = recordHeadBytes + keyBytes;
    if (bytes.compare(this.#key, 0, keyBytes, recordHeadBytes, dataStart) === 0) {
      this.values ??= [];
      if (this.values.length === maxValues) {
        this.#fail(`the key has more than ${maxValues} values`);
        return;
      }
      this.values.push(bytes.toString('utf8', dataStart, end));
    }
    this.#nextSlots();
  }

  #fail(fault: string): void {
    this.fault = fault;
    this.length = 0;
  }
}
