// The hash of a body in its canonical form (RFC 6376 3.7), while the body comes.

import { createHash } from 'node:crypto';
import { type BodyCanon, type BodyCanonicalization, bodyCanon } from './body-canon.ts';

/** What is hashed of a body. */
export interface BodyForm {
  readonly canonicalization: BodyCanonicalization;
  /** `l=`: only so many bytes of the canonical body; undefined: all. */
  readonly length: number | undefined;
}

export class BodyHash {
  readonly #hash = createHash('sha256');
  readonly #canon: BodyCanon;
  readonly #length: number;
  /** Bytes of the canonical body so far. */
  #bytes = 0;
  #digest: Buffer | undefined;

  constructor({ canonicalization, length }: BodyForm) {
    this.#length = length ?? Number.POSITIVE_INFINITY;
    this.#canon = bodyCanon(canonicalization, (bytes) => this.#add(bytes));
  }

  push(bytes: Uint8Array): void {
    this.#canon.push(bytes);
  }

  /** The body has ended. May be called again, and says the same. */
  digest(): Buffer {
    if (this.#digest === undefined) {
      this.#canon.finish();
      this.#digest = this.#hash.digest();
    }
    return this.#digest;
  }

  /** After `digest`: bytes of the canonical body that the hash does not cover; negative when the body is shorter than `l=`. */
  get uncoveredBytes(): number {
    return this.#length === Number.POSITIVE_INFINITY ? 0 : this.#bytes - this.#length;
  }

  #add(bytes: Uint8Array): void {
    const left = this.#length - this.#bytes;
    this.#bytes += bytes.length;
    if (left >= bytes.length) this.#hash.update(bytes);
    else if (left > 0) this.#hash.update(bytes.subarray(0, left));
  }
}
