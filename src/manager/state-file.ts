// A small JSON file in the spool's folder that is replaced as a whole: after a crash it has its old content or its new one, never
// a mix (a temporary file, fsync, rename(2), fsync of the folder). It has a checksum. A file that must not be lost to a flipped
// byte has a copy, too.

import { basename, dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';
import { fdatasync, readWhole, writeAll } from '../spool/file-io.ts';
import { nodeFiles, type FileLayer } from '../spool/file-layer.ts';
import { systemCode } from '../spool/spool-error.ts';

export interface StateFileOptions {
  /** Keep a second file, which is used when the first one is damaged or gone. */
  readonly hasCopy?: boolean;
  readonly files?: FileLayer | undefined;
}

export class StateFile {
  readonly path: string;
  readonly #hasCopy: boolean;
  readonly #files: FileLayer;
  #damage: string | undefined;
  #last: Promise<void> = Promise.resolve();

  constructor(path: string, options: StateFileOptions = {}) {
    this.path = path;
    this.#hasCopy = options.hasCopy === true;
    this.#files = options.files ?? nodeFiles;
  }

  /** The problem of the file, if `read` had to use the copy. */
  get damage(): string | undefined {
    return this.#damage;
  }

  /** Undefined when there is no file. @throws {SyntaxError} when it is not JSON or its checksum fails, or the system's error */
  async read(): Promise<unknown> {
    if (!this.#hasCopy) return readState(this.path, this.#files);
    let problem: unknown = new Error('it is gone');
    try {
      const found = await readState(this.path, this.#files);
      if (found !== undefined) return found;
    } catch (error) {
      problem = error;
    }
    const copy = await readState(copyOf(this.path), this.#files).catch((error: unknown) => {
      // If the file is gone, the problem of the copy counts: only if both are gone has nothing ever been written.
      if (problem instanceof Error && problem.message === 'it is gone') problem = error;
      return undefined;
    });
    if (copy !== undefined) {
      this.#damage = problem instanceof Error ? problem.message : String(problem);
      return copy;
    }
    if (problem instanceof Error && problem.message === 'it is gone') return undefined;
    throw problem;
  }

  /** Replaces the file, after earlier writes have ended. @param durable - resolve only when it is on stable storage */
  write(value: object, durable: boolean): Promise<void> {
    const written = this.#last.then(async () => {
      const text = JSON.stringify({ ...value, checksum: checksumOf(value) });
      await replace(this.#files, this.path, text, durable);
      // Without the copy the file itself is still good; the next change writes the copy again.
      if (this.#hasCopy) await replace(this.#files, copyOf(this.path), text, durable).catch(() => undefined);
    });
    this.#last = written.catch(() => undefined);
    return written;
  }

  /** Renames the file, and a copy that is damaged, so that people can look at them; resolves to the file's new name. */
  async moveAside(nowMs: number): Promise<string> {
    const copy = copyOf(this.path);
    const isCopyGood =
      this.#hasCopy && (await readState(copy, this.#files).catch(() => undefined)) !== undefined;
    if (this.#hasCopy && !isCopyGood)
      await this.#files.rename(copy, asideOf(copy, nowMs)).catch(() => undefined);
    const aside = asideOf(this.path, nowMs);
    await this.#files.rename(this.path, aside);
    return aside;
  }

  /** The newest file that was moved aside; undefined when there is none. */
  async movedAside(): Promise<string | undefined> {
    const names = await this.#files.readdir(dirname(this.path)).catch(() => []);
    const prefixes = [asideOf(basename(this.path), ''), asideOf(basename(copyOf(this.path)), '')];
    const found = names.filter((name) => prefixes.some((prefix) => name.startsWith(prefix))).toSorted();
    const newest = found.at(-1);
    return newest === undefined ? undefined : join(dirname(this.path), newest);
  }
}

function asideOf(path: string, time: number | ''): string {
  return `${path}.unreadable-${time}`;
}

export function copyOf(path: string): string {
  return `${path}.copy`;
}

/**
 * Reads a state file; undefined when there is none. A file of version 1 may have no checksum.
 * @throws {SyntaxError} when it is damaged, or the system's error
 */
export async function readState(path: string, files: FileLayer = nodeFiles): Promise<unknown> {
  let text: string;
  try {
    text = (await readWhole(files, path)).toString('utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  const found = JSON.parse(text) as unknown;
  if (typeof found !== 'object' || found === null) throw new SyntaxError('it is not what Sluice writes');
  if (!('checksum' in found)) {
    if ('version' in found && found.version === 1) return found;
    throw new SyntaxError('its checksum is missing');
  }
  const { checksum, ...value } = found;
  if (checksum !== checksumOf(value)) throw new SyntaxError('its checksum does not hold');
  return value;
}

function checksumOf(value: object): string {
  return crc32(JSON.stringify(value)).toString(16).padStart(8, '0');
}

async function replace(files: FileLayer, path: string, text: string, durable: boolean): Promise<void> {
  const next = `${path}.new`;
  const fd = await files.open(next, 'w');
  try {
    await writeAll(files, fd, [Buffer.from(`${text}\n`)], 0);
    if (durable) await fdatasync(files, fd);
  } catch (error) {
    // Frees the space of the incomplete file on a full disk.
    await files.truncate(fd, 0).catch(() => undefined);
    throw error;
  } finally {
    await files.close(fd);
  }
  await files.rename(next, path);
  if (durable) await files.syncDirectory(dirname(path));
}
