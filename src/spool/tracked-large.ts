// A large message on its way into a store that may be stopped meanwhile: then its file is closed and removed.

import type { Envelope } from '../message/envelope.ts';
import type { Appended, LargeContent } from './types.ts';

export class TrackedLarge implements LargeContent {
  readonly #large: LargeContent;
  readonly #all: Set<TrackedLarge>;
  #committing: Promise<unknown> | undefined;

  /** @param all - those that are on their way; it is among them until it is over */
  constructor(large: LargeContent, all: Set<TrackedLarge>) {
    this.#large = large;
    this.#all = all;
    all.add(this);
  }

  get sizeBytes(): number {
    return this.#large.sizeBytes;
  }

  write(piece: Uint8Array): Promise<void> {
    return this.#large.write(piece);
  }

  async commit(envelope: Envelope, prefix?: Uint8Array): Promise<Appended> {
    const committing = this.#large.commit(envelope, prefix);
    this.#committing = committing;
    try {
      return await committing;
    } finally {
      this.#all.delete(this);
    }
  }

  read(): AsyncIterable<Uint8Array> {
    return this.#large.read();
  }

  async abort(): Promise<void> {
    this.#all.delete(this);
    await this.#large.abort();
  }

  /** Waits for a commit that has begun; gives up what is not complete. */
  async end(): Promise<void> {
    if (this.#committing === undefined) await this.abort();
    else await this.#committing.catch(() => undefined);
  }
}
