// Sources of recipients that hold something open: each is one for all listeners of a process, and stays over reloads that do not change it.

import type { RecipientSource } from './recipient-source.ts';

export interface KeptSource extends RecipientSource {
  close(): Promise<void> | void;
}

export class KeptSources {
  readonly #sources = new Map<string, KeptSource>();
  readonly #wanted = new Set<string>();

  /** @param key - tells it from all others: where, and all settings */
  of<Source extends KeptSource>(key: string, make: () => Source): RecipientSource {
    this.#wanted.add(key);
    let source = this.#sources.get(key);
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
