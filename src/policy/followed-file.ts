// A small file that stages go by, as it is now: read anew when it has changed. Promises: a file that cannot be read or understood is an error each
// time, until it is mended, and what it said before is not used meanwhile.

import type { Stats } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';

export interface FollowedFileParts<Content> {
  readonly path: string;
  readonly mostBytes: number;
  /** Whether the file has changed is looked at no more often. 0: each time. */
  readonly lookEveryMs: number;
  /** @throws {Error} with a clause, when nobody can understand it */
  readonly parse: (text: string) => Content | Promise<Content>;
  /** Is told when the file was read: at first, and after each change. */
  readonly changed?: (change: FileChange<Content>) => void;
  readonly nowMs: () => number;
}

/** What a file says now, and what it said before. */
export interface FileChange<Content> {
  readonly content: Content;
  /** Undefined: it was not read yet, or could not be. */
  readonly before: Content | undefined;
  readonly text: string;
  /** Of the file: when it was written, Unix ms, and the number of the user that it belongs to. */
  readonly modifiedAtMs: number;
  readonly owner: number;
}

export class FollowedFile<Content> {
  readonly #parts: FollowedFileParts<Content>;
  #known: { readonly content: Content; readonly stamp: string } | undefined;
  /** What it said last, for whoever is told of changes. */
  #last: Content | undefined;
  /** Whoever asks while the file is being read waits for the same. */
  #reading: { readonly content: Promise<Content>; readonly stamp: string } | undefined;
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
    const { path, nowMs } = this.#parts;
    try {
      const found = await stat(path);
      const { mtimeMs, ctimeMs, size, ino } = found;
      const stamp = `${mtimeMs} ${ctimeMs} ${size} ${ino}`;
      if (this.#known?.stamp === stamp) {
        this.#lookedAtMs = nowMs();
        return this.#known.content;
      }
      this.#known = undefined;
      if (this.#reading?.stamp !== stamp) {
        const reading = { stamp, content: this.#read(stamp, found) };
        this.#reading = reading;
        const over = (): void => {
          if (this.#reading === reading) this.#reading = undefined;
        };
        reading.content.then(over, over);
      }
      const content = await this.#reading.content;
      this.#lookedAtMs = nowMs();
      return content;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(`${path} cannot be used: ${reason}`, { cause: error });
    }
  }

  async #read(stamp: string, { size, mtimeMs, uid }: Stats): Promise<Content> {
    const { path, mostBytes, parse, changed } = this.#parts;
    if (size > mostBytes) throw new Error(`it has more than ${mostBytes} bytes`);
    const text = await readFile(path, 'utf8');
    const content = await parse(text);
    // Another one may have seen a later file meanwhile.
    if (this.#reading?.stamp === stamp) this.#known = { content, stamp };
    const before = this.#last;
    this.#last = content;
    changed?.({ content, before, text, modifiedAtMs: mtimeMs, owner: uid });
    return content;
  }
}
