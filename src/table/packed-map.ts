// A map from texts to texts that costs about 10 bytes for each entry beside its UTF-8: for tables of millions of keys, where a
// Map of strings would take ten times as much. It is filled, indexed once, and never changes afterwards.

import { randomInt } from 'node:crypto';

/** Records are kept in blocks of this size, so that nothing has to be copied when more come. */
const blockBits = 20;
const blockBytes = 1 << blockBits;
/** The lengths of key and value, 2 bytes each, before each record. */
const headBytes = 4;
/** Offsets are kept in 32 bits, and 0 means none. */
const maxBlocks = 2 ** (32 - blockBits) - 1;
/** Records that are indexed in one turn of the event loop: about 2 ms. */
const recordsPerTurn = 10_000;
/** The most bytes of a key or a value. */
const maxPartBytes = 0xffff;

/** MurmurHash's, a byte at a time. */
const multiplier = 0x5bd1e995;

/** The block in which a record begins, and where. */
interface Place {
  readonly block: Buffer;
  readonly at: number;
}

export class PackedMap {
  readonly #blocks: Buffer[] = [];
  /** How many bytes of each block are used. */
  readonly #used: number[] = [];
  /** For each slot, 1 + the offset of a record, or 0. Open addressing with linear probing. */
  #slots = new Uint32Array(1);
  #mask = 0;
  #records = 0;
  #keys = 0;
  /** Offsets of the further records of a key that has several, by the offset of the first. */
  readonly #further = new Map<number, number[]>();
  /** Random, so that nobody can choose keys that all fall into one slot. */
  readonly #seed = randomInt(2 ** 31);
  /** Not 0 for each byte with which some key begins: a table without `.example.com` is not searched for one. */
  readonly #firstBytes = new Uint8Array(256);
  readonly #scratch = Buffer.allocUnsafeSlow(maxPartBytes);
  readonly #firstBlockBytes: number;

  readonly #keepsFurther: boolean;

  /**
   * @param expectedBytes - of keys and values, so that a small map takes little memory
   * @param keepsFurther - whether a key may have several values; otherwise its first record counts
   */
  constructor(expectedBytes: number, keepsFurther: boolean) {
    this.#firstBlockBytes = Math.min(blockBytes, 4096 + 2 * expectedBytes);
    this.#keepsFurther = keepsFurther;
  }

  /** How many different keys there are; known after `index`. */
  get keys(): number {
    return this.#keys;
  }

  /**
   * Adds one record; a key may have several. Key and value are at most 65,535 bytes long, together.
   * @returns false when there is no room for it: at 4 GiB
   */
  add(key: Uint8Array, value: Uint8Array): boolean {
    const bytes = headBytes + key.length + value.length;
    const last = this.#blocks.length - 1;
    let block = this.#blocks[last];
    let at = this.#used[last] ?? 0;
    if (block === undefined || at + bytes > block.length) {
      if (this.#blocks.length === maxBlocks) return false;
      const isFirst = block === undefined && bytes <= this.#firstBlockBytes;
      block = Buffer.allocUnsafeSlow(isFirst ? this.#firstBlockBytes : blockBytes);
      this.#blocks.push(block);
      this.#used.push(0);
      at = 0;
    }
    block.writeUInt16LE(key.length, at);
    block.writeUInt16LE(value.length, at + 2);
    block.set(key, at + headBytes);
    this.#firstBytes[key[0] ?? 0] = 1;
    block.set(value, at + headBytes + key.length);
    this.#used[this.#blocks.length - 1] = at + bytes;
    this.#records++;
    return true;
  }

  /**
   * Makes the keys findable, once, after the last `add`.
   * @param turn - is awaited now and then, so that other work gets a turn
   * @param repeated - is told of each record whose key was there before: the key, and how many values it has now
   */
  async index(turn: () => Promise<void>, repeated: (key: string, count: number) => void): Promise<void> {
    // Between a third and two thirds of the slots are in use.
    const slots = 2 ** Math.ceil(Math.log2(Math.max(2, this.#records * 1.5)));
    this.#slots = new Uint32Array(slots);
    this.#mask = slots - 1;
    let untilTurn = recordsPerTurn;
    for (const [index, block] of this.#blocks.entries()) {
      const end = this.#used[index] ?? 0;
      for (let at = 0; at < end;) {
        const keyLength = block.readUInt16LE(at);
        const count = this.#insert(block, at + headBytes, keyLength, index * blockBytes + at);
        if (count > 0) repeated(block.toString('utf8', at + headBytes, at + headBytes + keyLength), count);
        at += headBytes + keyLength + block.readUInt16LE(at + 2);
        if (--untilTurn > 0) continue;
        untilTurn = recordsPerTurn;
        await turn();
      }
    }
  }

  has(key: string): boolean {
    return this.#find(key) !== 0;
  }

  /** The values of a key, in the order in which they were added; undefined: it is not there. */
  valuesOf(key: string): readonly string[] | undefined {
    const slot = this.#find(key);
    if (slot === 0) return undefined;
    const values = [this.#valueAt(slot - 1)];
    const further = this.#further.get(slot - 1);
    if (further !== undefined) for (const offset of further) values.push(this.#valueAt(offset));
    return values;
  }

  /** Calls back with all records, in the order in which they were added. @param turn - as of `index` */
  async readAll(turn: () => Promise<void>, take: (key: string, value: string) => void): Promise<void> {
    let untilTurn = recordsPerTurn;
    for (const [index, block] of this.#blocks.entries()) {
      const end = this.#used[index] ?? 0;
      for (let at = 0; at < end;) {
        const keyEnd = at + headBytes + block.readUInt16LE(at);
        const valueEnd = keyEnd + block.readUInt16LE(at + 2);
        take(block.toString('utf8', at + headBytes, keyEnd), block.toString('utf8', keyEnd, valueEnd));
        at = valueEnd;
        if (--untilTurn > 0) continue;
        untilTurn = recordsPerTurn;
        await turn();
      }
    }
  }

  /** @returns 0 when the key is new, else how many values it has now */
  #insert(bytes: Buffer, at: number, length: number, offset: number): number {
    let slot = this.#hash(bytes, at, length) & this.#mask;
    for (;;) {
      const taken = this.#slots[slot] ?? 0;
      if (taken === 0) {
        this.#slots[slot] = offset + 1;
        this.#keys++;
        return 0;
      }
      if (this.#isKey(taken - 1, bytes, at, length)) return this.#addFurther(taken - 1, offset);
      slot = (slot + 1) & this.#mask;
    }
  }

  #addFurther(first: number, offset: number): number {
    if (!this.#keepsFurther) return 1;
    const further = this.#further.get(first);
    if (further === undefined) this.#further.set(first, [offset]);
    else further.push(offset);
    return 1 + (further?.length ?? 1);
  }

  /** @returns 1 + the offset of the first record of the key; 0: it is not there */
  #find(key: string): number {
    // A UTF-16 unit takes three bytes of UTF-8 at most.
    if (key.length * 3 > maxPartBytes) return 0;
    // In ASCII, units are bytes: nothing has to be copied.
    let hash = this.#seed;
    for (let index = 0; index < key.length; index++) {
      const unit = key.charCodeAt(index);
      if (unit > 0x7f) return this.#findBytes(this.#scratch.write(key));
      if (index === 0 && this.#firstBytes[unit] === 0) return 0;
      hash = Math.imul(hash ^ unit, multiplier);
      hash ^= hash >>> 15;
    }
    let slot = (hash >>> 0) & this.#mask;
    for (;;) {
      const taken = this.#slots[slot] ?? 0;
      if (taken === 0 || this.#isText(taken - 1, key)) return taken;
      slot = (slot + 1) & this.#mask;
    }
  }

  /** @param length - of the key in `#scratch` */
  #findBytes(length: number): number {
    let slot = this.#hash(this.#scratch, 0, length) & this.#mask;
    for (;;) {
      const taken = this.#slots[slot] ?? 0;
      if (taken === 0 || this.#isKey(taken - 1, this.#scratch, 0, length)) return taken;
      slot = (slot + 1) & this.#mask;
    }
  }

  #isKey(offset: number, bytes: Buffer, at: number, length: number): boolean {
    const { block, at: place } = this.#placeOf(offset);
    if (block.readUInt16LE(place) !== length) return false;
    const start = place + headBytes;
    for (let index = 0; index < length; index++) {
      if (block[start + index] !== bytes[at + index]) return false;
    }
    return true;
  }

  /** @param text - in ASCII */
  #isText(offset: number, text: string): boolean {
    const block = this.#blocks[Math.floor(offset / blockBytes)] ?? this.#scratch;
    const place = offset % blockBytes;
    if (((block[place] ?? 0) | ((block[place + 1] ?? 0) << 8)) !== text.length) return false;
    const start = place + headBytes;
    for (let index = 0; index < text.length; index++) {
      if (block[start + index] !== text.charCodeAt(index)) return false;
    }
    return true;
  }

  #valueAt(offset: number): string {
    const { block, at } = this.#placeOf(offset);
    const start = at + headBytes + block.readUInt16LE(at);
    return block.toString('utf8', start, start + block.readUInt16LE(at + 2));
  }

  #placeOf(offset: number): Place {
    const block = this.#blocks[Math.floor(offset / blockBytes)];
    if (block === undefined) throw new RangeError(`There is no record at ${offset}.`);
    return { block, at: offset % blockBytes };
  }

  #hash(bytes: Buffer, at: number, length: number): number {
    let hash = this.#seed;
    for (let index = at; index < at + length; index++) {
      hash = Math.imul(hash ^ (bytes[index] ?? 0), multiplier);
      hash ^= hash >>> 15;
    }
    return hash >>> 0;
  }
}
