// Texts as C has them, in one piece of memory that is used again for each call: garbage for each program would cost as much as the calls.

const pointerBytes = 8;

export class TextsForC {
  readonly #addressOf: (buffer: Buffer) => bigint;
  #memory: Buffer;
  #start: bigint;
  #used = 0;

  /** @param addressOf - the address of the first byte, which has to stay the same */
  constructor(addressOf: (buffer: Buffer) => bigint) {
    this.#addressOf = addressOf;
    this.#memory = Buffer.alloc(16 * 1024);
    this.#start = addressOf(this.#memory);
  }

  /** Forgets what was written before, and makes room for these texts, each one perhaps twice, and for lists of them. */
  makeRoom(texts: readonly string[]): void {
    // A character of UTF-16 has 3 bytes of UTF-8 at most.
    let bytes = pointerBytes;
    for (const { length } of texts) bytes += 2 * (3 * length + 1 + 2 * pointerBytes);
    this.#used = 0;
    if (bytes <= this.#memory.length) return;
    this.#memory = Buffer.alloc(bytes);
    this.#start = this.#addressOf(this.#memory);
  }

  /** @returns the address of the text */
  text(value: string): bigint {
    const at = this.#used;
    this.#used += this.#memory.write(value, at);
    this.#memory[this.#used++] = 0;
    return this.#start + BigInt(at);
  }

  /** @returns the address of a list of pointers to texts, with a null at its end */
  list(values: readonly string[]): bigint {
    const at = Math.ceil(this.#used / pointerBytes) * pointerBytes;
    this.#used = at + pointerBytes * (values.length + 1);
    for (const [index, value] of values.entries())
      this.#memory.writeBigUInt64LE(this.text(value), at + pointerBytes * index);
    this.#memory.writeBigUInt64LE(0n, at + pointerBytes * values.length);
    return this.#start + BigInt(at);
  }
}
