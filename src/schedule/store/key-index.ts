// From a text key to the row that has it. Not a Map: V8 keeps deleted entries in their hash chain until the table is rebuilt,
// so a busy key that comes and goes in a table of 100,000 costs microseconds, and an entry costs three times as much.
// Open addressing, linear probing, deletion by backward shift (Knuth, TAOCP 6.4, algorithm R); hashes like FNV-1a, but of
// words, of which 16 bits are kept to tell most keys apart without looking at them.

const firstCapacity = 16;
/** FNV's for 32 bits. */
const prime = 0x01000193;

/** The keys of a store's rows; a key has at most one row. Rows live elsewhere, from 0. */
export class KeyIndex {
  #keys: string[] = [];
  /** Row + 1; 0: free. */
  #rows = new Int32Array(firstCapacity);
  #tags = new Uint16Array(firstCapacity);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The key of a row; empty when it has none. */
  keyOf(row: number): string {
    return this.#keys[row] ?? '';
  }

  /** The row of a key; -1: none. */
  find(key: string): number {
    const hash = hashOf(key);
    const mask = this.#rows.length - 1;
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const row = (this.#rows[at] as number) - 1;
      if (row < 0) return -1;
      if (this.#tags[at] === tagOf(hash) && this.#keys[row] === key) return row;
    }
  }

  /** Gives a row its key; neither is in the index yet. */
  add(key: string, row: number): void {
    this.#size++;
    if (this.#size * 8 > this.#rows.length * 7) this.#grow();
    this.#keys[row] = key;
    this.#put(hashOf(key), row + 1);
  }

  /** Takes the row's key away. */
  remove(row: number): void {
    const mask = this.#rows.length - 1;
    let hole = hashOf(this.keyOf(row)) & mask;
    while (this.#rows[hole] !== row + 1) hole = (hole + 1) & mask;
    this.#keys[row] = '';
    this.#size--;
    for (let at = (hole + 1) & mask; this.#rows[at] !== 0; at = (at + 1) & mask) {
      // An entry may fill the hole unless its home lies behind it.
      const home = hashOf(this.keyOf((this.#rows[at] as number) - 1)) & mask;
      if (((at - home) & mask) < ((at - hole) & mask)) continue;
      this.#rows[hole] = this.#rows[at] as number;
      this.#tags[hole] = this.#tags[at] as number;
      hole = at;
    }
    this.#rows[hole] = 0;
  }

  /** Calls `visit` for every row, in no order that means anything, but the same for the same history. */
  each(visit: (row: number) => void): void {
    for (const entry of this.#rows) if (entry !== 0) visit(entry - 1);
  }

  #put(hash: number, entry: number): void {
    const mask = this.#rows.length - 1;
    let at = hash & mask;
    while (this.#rows[at] !== 0) at = (at + 1) & mask;
    this.#rows[at] = entry;
    this.#tags[at] = tagOf(hash);
  }

  #grow(): void {
    const rows = this.#rows;
    this.#rows = new Int32Array(rows.length * 2);
    this.#tags = new Uint16Array(rows.length * 2);
    for (const entry of rows) if (entry !== 0) this.#put(hashOf(this.keyOf(entry - 1)), entry);
  }
}

function tagOf(hash: number): number {
  return hash >>> 16;
}

/** Keys are copied here to be read in words: reading them by character costs three times as much. */
const scratch = Buffer.alloc(256);
const words = new Int32Array(scratch.buffer, scratch.byteOffset, scratch.length >> 2);

function hashOf(key: string): number {
  const copied = scratch.write(key, 'latin1');
  const whole = copied >> 2;
  let hash = 0x811c9dc5 ^ key.length;
  for (let at = 0; at < whole; at++) hash = mixed(hash ^ (words[at] as number));
  for (let at = whole << 2; at < copied; at++) hash = Math.imul(hash ^ (scratch[at] as number), prime);
  for (let at = copied; at < key.length; at++) hash = Math.imul(hash ^ key.charCodeAt(at), prime);
  return hash ^ (hash >>> 15);
}

/** FNV alone carries nothing down from the upper bits of a word. */
function mixed(hash: number): number {
  const product = Math.imul(hash, prime);
  return product ^ (product >>> 15);
}
