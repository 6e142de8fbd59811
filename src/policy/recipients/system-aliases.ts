// Aliases of the system, from files such as /etc/aliases, as they are now. Promises: a file that cannot be read, or that others than root and this
// server's user may change, makes mail wait, and is never taken for one without the alias; one that is not there has none.

import { constants } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { AliasLines } from '../../table/alias-lines.ts';

/** Larger ones are no aliases of one system: a [[table]] is for them. */
const mostBytes = 16 * 1024 * 1024;
const writableByOthers = 0o022;
/** A file that was changed a shorter time ago may be half written. */
const restMs = 1_000;

interface ReadFile {
  readonly version: string;
  readonly aliases: ReadonlyMap<string, string>;
  readonly unread: readonly string[];
}

export type AliasNames =
  | {
      readonly kind: 'names';
      readonly textOf: (name: string) => string | undefined;
      /** In lower case. */
      readonly all: Iterable<string>;
      /** Entries that cannot be read: clauses with the file. Mail for their names waits. */
      readonly unread: readonly string[];
    }
  /** `reason` is one clause. */
  | { readonly kind: 'failing'; readonly reason: string };

export class SystemAliases {
  readonly #files = new Map<string, ReadFile>();

  /** @param paths - in the order in which they are asked */
  async read(paths: readonly string[]): Promise<AliasNames> {
    const files: ReadFile[] = [];
    for (const path of paths) {
      try {
        const file = await this.#file(path);
        if (file !== undefined) files.push(file);
      } catch (error) {
        return {
          kind: 'failing',
          reason: `${path}: ${error instanceof Error ? error.message : String(error)}`,
        };
      }
    }
    const textOf = (name: string): string | undefined => {
      for (const { aliases } of files) {
        const text = aliases.get(name);
        if (text !== undefined) return text;
      }
      return undefined;
    };
    const all = { [Symbol.iterator]: () => namesIn(files).values() };
    return { kind: 'names', textOf, all, unread: files.flatMap((file) => file.unread) };
  }

  async #file(path: string): Promise<ReadFile | undefined> {
    let found;
    try {
      found = await stat(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
    const { ino, mtimeMs, ctimeMs, size } = found;
    const version = `${ino} ${size} ${mtimeMs} ${ctimeMs}`;
    const known = this.#files.get(path);
    if (known?.version === version) return known;
    // Somebody may be writing it: what it will be is not there yet.
    if (known !== undefined && Date.now() - mtimeMs < restMs) return known;
    const read = { version, ...aliasesIn(path, await readText(path)) };
    this.#files.set(path, read);
    return read;
  }
}

function namesIn(files: readonly ReadFile[]): ReadonlySet<string> {
  return new Set(files.flatMap(({ aliases }) => [...aliases.keys()]));
}

/** @throws {Error} with a clause */
async function readText(path: string): Promise<string> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const found = await file.stat();
    if (!found.isFile()) throw new Error('it is no regular file');
    if (found.uid !== 0 && found.uid !== process.getuid?.())
      throw new Error('it belongs neither to root nor to the user of this process');
    if ((found.mode & writableByOthers) !== 0) throw new Error('others may write to it');
    if (found.size > mostBytes) throw new Error('it is larger than 16 MiB');
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

/** A name whose only entry cannot be read stands for nothing, so that its mail waits. */
function aliasesIn(path: string, text: string): Pick<ReadFile, 'aliases' | 'unread'> {
  const aliases = new Map<string, string>();
  const lines = AliasLines.read(text, 'aliases');
  for (const { name, value } of lines.entries) {
    const earlier = aliases.get(name);
    aliases.set(name, earlier === undefined ? value : `${earlier}, ${value}`);
  }
  for (const { name } of lines.unread) if (name !== undefined && !aliases.has(name)) aliases.set(name, '');
  return { aliases, unread: lines.unread.map(({ reason }) => `${path}: ${reason}`) };
}
