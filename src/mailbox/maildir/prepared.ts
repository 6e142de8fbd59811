// The folders of Maildirs that a process delivers into. Promises: what is made is on stable storage before a message counts as delivered,
// whoever has made it; nothing is made outside of a folder that is there already; old files in `tmp` go away.

import { dirname, join } from 'node:path';
import type { MailFiles } from '../mail-files.ts';

/** A Maildir that was looked at longer ago is looked at again. */
const lookAgainMs = 10 * 60_000;
/** https://cr.yp.to/proto/maildir.html: files in tmp that nobody has touched for 36 hours are of deliveries that have died. */
const abandonedAfterMs = 36 * 3_600_000;
const cleanEveryMs = 6 * 3_600_000;
const mostKnown = 20_000;

const parts = ['tmp', 'new', 'cur'] as const;

/** Where a Maildir is. */
export interface MaildirPlace {
  readonly folder: string;
  /** A folder above it, which must be there. */
  readonly base: string;
  /** Symbolic links in the place of folders are the administrator's; else users of the mailbox could have made them. */
  readonly followsLinks: boolean;
}

interface Known {
  readonly ready: Promise<void>;
  readonly atMs: number;
  cleanedAtMs: number;
}

export class PreparedMaildirs {
  readonly #files: MailFiles;
  readonly #known = new Map<string, Known>();

  constructor(files: MailFiles) {
    this.#files = files;
  }

  /**
   * Makes the Maildir if it is not there.
   * @throws {Error} of the system: ENOENT when the base is not there, ENOTDIR when something else is in the place of a folder
   */
  async prepare(place: MaildirPlace, nowMs: number): Promise<void> {
    const { folder } = place;
    const known = this.#known.get(folder);
    if (known !== undefined && nowMs - known.atMs < lookAgainMs) return known.ready;
    const ready = this.#prepare(place);
    const entry = { ready, atMs: nowMs, cleanedAtMs: known?.cleanedAtMs ?? -Infinity };
    this.#known.delete(folder);
    this.#known.set(folder, entry);
    for (const [oldest] of this.#known) {
      if (this.#known.size <= mostKnown) break;
      this.#known.delete(oldest);
    }
    try {
      await ready;
    } catch (error) {
      if (this.#known.get(folder) === entry) this.#known.delete(folder);
      throw error;
    }
    if (nowMs - entry.cleanedAtMs < cleanEveryMs) return;
    entry.cleanedAtMs = nowMs;
    await this.#clean(join(folder, 'tmp'), nowMs);
  }

  /** It may have been removed or replaced. */
  forget(folder: string): void {
    this.#known.delete(folder);
  }

  async #prepare({ folder, base, followsLinks }: MaildirPlace): Promise<void> {
    const kind = await this.#files.kindOf(folder, followsLinks);
    if (kind === 'other') throw noFolder(folder);
    if (kind === 'missing') await this.#makeFolders(folder, base);
    const made: Promise<void>[] = [];
    for (const part of parts) made.push(this.#makePart(join(folder, part)));
    await Promise.all(made);
    // Also when it was there already: whoever made it may have died before this.
    const chain = [folder];
    for (let each = folder; each !== base && each !== dirname(each);) {
      each = dirname(each);
      chain.push(each);
    }
    await Promise.all(chain.map((each) => this.#sync(each, followsLinks, kind === 'missing')));
  }

  /** A folder that this user may only pass through has nothing that this user has made. */
  async #sync(folder: string, followsLinks: boolean, isNew: boolean): Promise<void> {
    try {
      await this.#files.syncDirectory(folder, followsLinks);
    } catch (error) {
      if (isNew || (error as NodeJS.ErrnoException).code !== 'EACCES') throw error;
    }
  }

  /** From the base down, as far as they are missing. */
  async #makeFolders(folder: string, base: string): Promise<void> {
    const missing: string[] = [];
    for (let each = folder; each !== base; each = dirname(each)) {
      if (each === dirname(each)) throw systemError('ENOENT', `${base} is not above ${folder}`);
      missing.unshift(each);
    }
    for (const each of missing) {
      try {
        await this.#files.mkdir(each);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || each !== missing[0]) throw error;
        throw systemError('ENOENT', `there is no folder ${base}: make it, or mount it`);
      }
    }
  }

  async #makePart(path: string): Promise<void> {
    const kind = await this.#files.kindOf(path, false);
    if (kind === 'other') throw noFolder(path);
    if (kind === 'missing') await this.#files.mkdir(path);
  }

  /** Cleaning is no part of a delivery: what cannot be removed stays. */
  async #clean(tmp: string, nowMs: number): Promise<void> {
    try {
      for (const name of await this.#files.readdir(tmp)) {
        const path = join(tmp, name);
        const changedAtMs = await this.#files.changedAtMs(path);
        if (changedAtMs !== undefined && nowMs - changedAtMs > abandonedAfterMs)
          await this.#files.unlink(path);
      }
    } catch {
      // The next delivery after some hours tries again.
    }
  }
}

function noFolder(path: string): Error {
  return systemError('ENOTDIR', `${path} is no folder, or a symbolic link in the place of one`);
}

function systemError(code: string, message: string): Error {
  return Object.assign(new Error(message), { code, syscall: 'mkdir' });
}
