// Sources of recipients that hold something open: each is one for all listeners of a process, and stays over reloads that do not change it.

import type { RecipientSource } from './recipient-source.ts';

interface Kept {
  close(): Promise<void> | void;
}

export type KeptSource = RecipientSource & Kept;

export class KeptSources {
  readonly #sources = new Map<string, Kept>();
  readonly #wanted = new Set<string>();

  /** @param key - tells it from all others: what it is, where, and all settings */
  of<Source extends Kept>(key: string, make: () => Source): Source {
    this.#wanted.add(key);
    // What has this key was made by such a call.
    let source = this.#sources.get(key) as Source | undefined;
    if (source === undefined) this.#sources.set(key, (source = make()));
    return source;
  }

  /** Closes those that nobody has asked for since the last call. */
  async sweep(): Promise<void> {
    const gone = [...this.#sources].filter(([key]) => !this.#wanted.has(key));
    this.#wanted.clear();
    for (const [key] of gone) this.#sources.delete(key);
    for (const [, source] of gone) await source.close();
  }

  async close(): Promise<void> {
    this.#wanted.clear();
    await this.sweep();
  }
}
