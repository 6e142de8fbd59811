// A small JSON file in the spool's folder that is replaced as a whole: after a crash it holds what it held before or
// after, never something in between (a temporary file, fsync, rename(2), fsync of the folder).

import { open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

export class StateFile {
  readonly path: string;
  #last: Promise<void> = Promise.resolve();

  constructor(path: string) {
    this.path = path;
  }

  /** Undefined when there is none. @throws {SyntaxError} when it is not JSON, or the system's error */
  async read(): Promise<unknown> {
    let text: string;
    try {
      text = await readFile(this.path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
    return JSON.parse(text) as unknown;
  }

  /** Replaces it; one after the other. @param durable - resolves only when it is on stable storage */
  write(value: unknown, durable: boolean): Promise<void> {
    const written = this.#last.then(() => this.#replace(JSON.stringify(value), durable));
    this.#last = written.catch(() => undefined);
    return written;
  }

  /** Keeps what is there for people to look at, under another name, which is returned. */
  async moveAside(nowMs: number): Promise<string> {
    const aside = `${this.path}.unreadable-${nowMs}`;
    await rename(this.path, aside);
    return aside;
  }

  async #replace(text: string, durable: boolean): Promise<void> {
    const next = `${this.path}.new`;
    const file = await open(next, 'w', 0o600);
    try {
      await file.writeFile(`${text}\n`);
      if (durable) await file.sync();
    } finally {
      await file.close();
    }
    await rename(next, this.path);
    if (durable) await syncFolder(dirname(this.path));
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
