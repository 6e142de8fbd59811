// A small file that stages go by, as it is now: read anew when it has changed. Promises: a file that cannot be read or understood is an error each
// time, until it is mended, and what it said before is not used meanwhile.

import { readFile, stat } from 'node:fs/promises';

export interface FollowedFileParts<Content> {
  readonly path: string;
  readonly mostBytes: number;
  /** Whether the file has changed is looked at no more often. 0: each time. */
  readonly lookEveryMs: number;
  /** @throws {Error} with a clause, when nobody can understand it */
  readonly parse: (text: string) => Content;
  readonly nowMs: () => number;
}

export class FollowedFile<Content> {
  readonly #parts: FollowedFileParts<Content>;
  #known: { readonly content: Content; readonly stamp: string } | undefined;
  #lookedAtMs = -Infinity;
  #looking: Promise<Content> | undefined;

  constructor(parts: FollowedFileParts<Content>) {
    this.#parts = parts;
  }

  /** @throws {Error} with a clause, when it cannot be read or understood */
  content(): Content | Promise<Content> {
    const { lookEveryMs, nowMs } = this.#parts;
    if (this.#known !== undefined && nowMs() < this.#lookedAtMs + lookEveryMs) return this.#known.content;
    // Without a pause between looks, each one who asks has to see the file as it is from now on.
    if (lookEveryMs === 0) return this.#look();
    return (this.#looking ??= this.#look().finally(() => (this.#looking = undefined)));
  }

  async #look(): Promise<Content> {
    const { path, mostBytes, parse, nowMs } = this.#parts;
    try {
      const { mtimeMs, ctimeMs, size, ino } = await stat(path);
      const stamp = `${mtimeMs} ${ctimeMs} ${size} ${ino}`;
      if (this.#known?.stamp !== stamp) {
        this.#known = undefined;
        if (size > mostBytes) throw new Error(`it has more than ${mostBytes} bytes`);
        const text = await readFile(path, 'utf8');
        // Two who ask at the same time read it once more at worst.
        this.#known = { content: parse(text), stamp };
      }
      this.#lookedAtMs = nowMs();
      return this.#known.content;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(`${path} cannot be used: ${reason}`, { cause: error });
    }
  }
}
