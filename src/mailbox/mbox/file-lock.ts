// The lock of an mbox: a file beside it with `.lock` behind its name, as programs that read and write mbox files have it
// (procmail's lockfile(1), Dovecot's dotlock). Promises: no two processes of Sluice write to one file at the same time, not even for the
// moment in which a reload has begun another route to it; a lock whose holder has died holds nobody up, and tells what it has left unfinished.

import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import {
  copyFile,
  type FileHandle,
  link,
  open,
  readdir,
  rename,
  stat,
  unlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  noUnfinishedLine,
  readUnfinished,
  type UnfinishedEntry,
  unfinishedLine,
} from './unfinished-entry.ts';

export interface LockTimes {
  /** Another holder is waited for so long. */
  readonly waitMs: number;
  /** A lock that was not renewed for so long has no holder any more, whoever has its number now. */
  readonly staleMs: number;
}

const usualTimes: LockTimes = { waitMs: 30_000, staleMs: 15 * 60_000 };
const lookEveryMs = 50;
const renewEveryMs = 60_000;
/** Locks beside which this process has looked for what others have left. */
const looked = new Set<string>();
const mostLooked = 1_000;

export interface HeldLock {
  /** What a holder who died has left. */
  readonly left: UnfinishedEntry | undefined;
  /** Tells whoever takes the lock after a crash what was being written; undefined: nothing. @throws {Error} of the system */
  readonly note: (entry: UnfinishedEntry | undefined) => Promise<void>;
  /** To be called again and again: what takes long would look as if its holder had died. */
  readonly renew: () => Promise<void>;
  /** Not when another one has taken it for the lock of a dead one. */
  readonly isHeld: () => Promise<boolean>;
}

/** Errors of link(2) where a file system has no hard links. */
const noLinks: ReadonlySet<string> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

/** A name that nobody else has: for locks that are being made, and those of the dead that are set aside. */
function ownName(lock: string): string {
  return `${lock}.${process.pid}.${randomUUID()}`;
}

/**
 * Does something while no other process that takes the lock does.
 * @throws {Error} of the system; ETIMEDOUT when another one has the lock for too long
 */
export async function withLock<T>(
  path: string,
  act: (lock: HeldLock) => Promise<T>,
  times: LockTimes = usualTimes,
): Promise<T> {
  const lock = `${path}.lock`;
  await removeLeftFiles(lock, times.staleMs);
  const { inode, left } = await take(lock, times);
  const notes = new Notes(lock, inode, left);
  const isHeld = async (): Promise<boolean> => (await inodeOf(lock)) === inode;
  let renewedAtMs = performance.now();
  const renew = async (): Promise<void> => {
    if (performance.now() - renewedAtMs < renewEveryMs) return;
    renewedAtMs = performance.now();
    const now = new Date();
    await utimes(lock, now, now).catch(() => undefined);
  };
  try {
    return await act({ left, renew, isHeld, note: (entry) => notes.note(entry) });
  } finally {
    await notes.close();
    if (await isHeld()) await unlink(lock).catch(() => undefined);
  }
}

/** The second line of a lock file. */
class Notes {
  readonly #lock: string;
  readonly #inode: number;
  /** As long as any line. */
  #written: string;
  #file: FileHandle | undefined;

  constructor(lock: string, inode: number, left: UnfinishedEntry | undefined) {
    this.#lock = lock;
    this.#inode = inode;
    this.#written = (left === undefined ? undefined : unfinishedLine(left)) ?? '';
  }

  async note(entry: UnfinishedEntry | undefined): Promise<void> {
    const line = entry === undefined ? noUnfinishedLine(this.#written) : unfinishedLine(entry);
    if (line === undefined || (entry === undefined && this.#written === '')) return;
    this.#file ??= await this.#open();
    await this.#file?.write(line, Buffer.byteLength(ownLine()));
    this.#written = entry === undefined ? '' : line;
  }

  async close(): Promise<void> {
    await this.#file?.close();
  }

  /** Undefined: somebody has removed the lock, or has taken it for that of a dead process. */
  async #open(): Promise<FileHandle | undefined> {
    let file;
    try {
      file = await open(this.#lock, constants.O_RDWR | constants.O_NOFOLLOW);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
    if ((await file.stat()).ino === this.#inode) return file;
    await file.close();
    return undefined;
  }
}

async function inodeOf(path: string): Promise<number | undefined> {
  return stat(path).then(
    ({ ino }) => ino,
    () => undefined,
  );
}

interface Taken {
  readonly inode: number;
  readonly left: UnfinishedEntry | undefined;
}

async function take(lock: string, times: LockTimes): Promise<Taken> {
  // It gets its name when its holder stands in it: on a full disk, or after a crash, an empty one would tell nobody whose it is.
  const own = ownName(lock);
  try {
    await writeFile(own, ownLine(), { flag: 'wx', mode: 0o600 });
    const left = await takeName(own, lock, times);
    return { inode: (await stat(lock)).ino, left };
  } finally {
    await unlink(own).catch(() => undefined);
  }
}

/** False: another one has it. */
async function isTaken(own: string, lock: string): Promise<boolean> {
  try {
    await link(own, lock);
    return true;
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    if (!noLinks.has(code)) throw error;
  }
  try {
    await copyFile(own, lock, constants.COPYFILE_EXCL);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function takeName(
  own: string,
  lock: string,
  { waitMs, staleMs }: LockTimes,
): Promise<UnfinishedEntry | undefined> {
  const endMs = performance.now() + waitMs;
  let left: UnfinishedEntry | undefined;
  for (;;) {
    if (await isTaken(own, lock)) return left;
    const stale = await staleLock(lock, staleMs);
    if (stale !== undefined) {
      left = stale.left;
      // Should this process die, too, before it has cut that off.
      await writeFile(own, `${ownLine()}${left === undefined ? '' : (unfinishedLine(left) ?? '')}`);
      await remove(lock, stale.inode);
      continue;
    }
    if (performance.now() >= endMs) {
      const message = `another process has ${lock} since more than ${waitMs / 1000} s`;
      throw Object.assign(new Error(message), { code: 'ETIMEDOUT', syscall: 'open' });
    }
    await delay(lookEveryMs);
  }
}

/** Removes a lock without a holder. */
async function remove(lock: string, inode: number): Promise<void> {
  // Two may find the same stale lock, and one of them a fresh one in its place: that goes back.
  const aside = ownName(lock);
  try {
    await rename(lock, aside);
    if ((await stat(aside)).ino !== inode) await link(aside, lock);
    await unlink(aside);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'EEXIST') throw error;
  }
}

/** A lock whose holder is gone; undefined: it is held, or there is none. */
async function staleLock(lock: string, staleMs: number): Promise<Taken | undefined> {
  let file;
  try {
    file = await open(lock, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
  try {
    const { ino, mtimeMs } = await file.stat();
    const { buffer, bytesRead } = await file.read(Buffer.alloc(500), 0, 500, 0);
    const [, pid = '', host = '', line = ''] =
      /^(\d{1,10}) (.+)\n(?:(.*)\n)?$/.exec(buffer.toString('latin1', 0, bytesRead)) ?? [];
    if (host === hostname() && !isAlive(Number(pid))) return { inode: ino, left: readUnfinished(line) };
    return Date.now() - mtimeMs > staleMs ? { inode: ino, left: undefined } : undefined;
  } finally {
    await file.close();
  }
}

/** What processes that were killed have left beside the lock: looked for once in each process. Never rejects. */
async function removeLeftFiles(lock: string, staleMs: number): Promise<void> {
  if (looked.has(lock)) return;
  if (looked.size >= mostLooked) looked.clear();
  looked.add(lock);
  const isLeft = /^\.\d{1,10}\.[0-9a-f-]{36}$/u;
  try {
    const start = basename(lock);
    for (const name of await readdir(dirname(lock))) {
      if (!name.startsWith(start) || !isLeft.test(name.slice(start.length))) continue;
      const path = join(dirname(lock), name);
      if ((await staleLock(path, staleMs)) !== undefined) await unlink(path);
    }
  } catch {
    // Another process removes them, too; or this user may not look into the folder.
  }
}

function ownLine(): string {
  return `${process.pid} ${hostname()}\n`;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
