// The hashes of one body that several signatures ask for: each form is hashed once, however many signatures have it.

import { BodyHash, type BodyForm } from './body-hash.ts';

export class BodyHashes {
  readonly #hashes = new Map<string, BodyHash>();
  #all: readonly BodyHash[] = [];

  /** Does nobody need the body? */
  get isEmpty(): boolean {
    return this.#all.length === 0;
  }

  /** To be called before the body comes. */
  want(form: BodyForm): BodyHash {
    const name = `${form.canonicalization} ${form.length ?? ''}`;
    let hash = this.#hashes.get(name);
    if (hash === undefined) {
      hash = new BodyHash(form);
      this.#hashes.set(name, hash);
      this.#all = [...this.#all, hash];
    }
    return hash;
  }

  push(bytes: Uint8Array): void {
    for (const hash of this.#all) hash.push(bytes);
  }
}
