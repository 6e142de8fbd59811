// Columns of numbers: growable typed arrays, one per field of a store, so that a million rows cost their bytes only.
// One class per element type on purpose: a shared generic class would make every read polymorphic.
// A column that grows transfers its buffer: garbage of that size would make the collector run several times as often.

/** 32-bit integers; handles, counts and links, where -1 means none. */
export class Int32Column {
  #values = new Int32Array(0);

  get(index: number): number {
    return this.#values[index] as number;
  }

  set(index: number, value: number): void {
    this.#values[index] = value;
  }

  /** Adds `delta` and returns the new value. */
  add(index: number, delta: number): number {
    const value = (this.#values[index] as number) + delta;
    this.#values[index] = value;
    return value;
  }

  /** First index not below `from` that holds `value`; -1 if there is none. */
  indexOf(value: number, from: number): number {
    return this.#values.indexOf(value, from);
  }

  grow(capacity: number): void {
    this.#values = new Int32Array(this.#values.buffer.transfer(capacity * 4));
  }
}

/** 16-bit unsigned integers; larger values are stored as the largest one. */
export class Uint16Column {
  #values = new Uint16Array(0);

  get(index: number): number {
    return this.#values[index] as number;
  }

  set(index: number, value: number): void {
    this.#values[index] = value > 0xffff ? 0xffff : value;
  }

  grow(capacity: number): void {
    this.#values = new Uint16Array(this.#values.buffer.transfer(capacity * 2));
  }
}

/** Bytes: states and flags. */
export class Uint8Column {
  #values = new Uint8Array(0);

  get(index: number): number {
    return this.#values[index] as number;
  }

  set(index: number, value: number): void {
    this.#values[index] = value;
  }

  grow(capacity: number): void {
    this.#values = new Uint8Array(this.#values.buffer.transfer(capacity));
  }
}

/** Times: Unix milliseconds. */
export class Float64Column {
  #values = new Float64Array(0);

  get(index: number): number {
    return this.#values[index] as number;
  }

  set(index: number, value: number): void {
    this.#values[index] = value;
  }

  grow(capacity: number): void {
    this.#values = new Float64Array(this.#values.buffer.transfer(capacity * 8));
  }
}

/** Times in whole milliseconds below 2^48 (the year 10889), in 6 bytes. */
export class TimeColumn {
  #low = new Uint32Array(0);
  #high = new Uint16Array(0);

  get(index: number): number {
    return (this.#high[index] as number) * 0x1_0000_0000 + (this.#low[index] as number);
  }

  set(index: number, value: number): void {
    this.#high[index] = Math.floor(value / 0x1_0000_0000);
    this.#low[index] = value;
  }

  grow(capacity: number): void {
    this.#low = new Uint32Array(this.#low.buffer.transfer(capacity * 4));
    this.#high = new Uint16Array(this.#high.buffer.transfer(capacity * 2));
  }
}
