// The lock of an mbox: a file beside it with `.lock` behind its name, as programs that read and write mbox files have it
// (procmail's lockfile(1), Dovecot's dotlock). Promises: no two processes of Sluice write to one file at the same time, not even for the
// moment in which a reload has begun another route to it; a lock whose holder has died holds nobody up.

import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { copyFile, link, open, rename, stat, unlink, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';

export interface LockTimes {
  /** Another holder is waited for so long. */
  readonly waitMs: number;
  /** A lock that was not renewed for so long has no holder any more, whoever has its number now. */
  readonly staleMs: number;
}

const usualTimes: LockTimes = { waitMs: 30_000, staleMs: 15 * 60_000 };
const lookEveryMs = 50;
const renewEveryMs = 60_000;

export interface HeldLock {
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
  const inode = await take(lock, times);
  const isHeld = async (): Promise<boolean> => (await inodeOf(lock)) === inode;
  let renewedAtMs = performance.now();
  const renew = async (): Promise<void> => {
    if (performance.now() - renewedAtMs < renewEveryMs) return;
    renewedAtMs = performance.now();
    const now = new Date();
    await utimes(lock, now, now).catch(() => undefined);
  };
  try {
    return await act({ renew, isHeld });
  } finally {
    if (await isHeld()) await unlink(lock).catch(() => undefined);
  }
}

async function inodeOf(path: string): Promise<number | undefined> {
  return stat(path).then(
    ({ ino }) => ino,
    () => undefined,
  );
}

/** @returns the inode of the lock */
async function take(lock: string, times: LockTimes): Promise<number> {
  // It gets its name when its holder stands in it: on a full disk, or after a crash, an empty one would tell nobody whose it is.
  const own = ownName(lock);
  try {
    await writeFile(own, `${process.pid} ${hostname()}\n`, { flag: 'wx', mode: 0o600 });
    await takeName(own, lock, times);
    return (await stat(lock)).ino;
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

async function takeName(own: string, lock: string, { waitMs, staleMs }: LockTimes): Promise<void> {
  const endMs = performance.now() + waitMs;
  for (;;) {
    if (await isTaken(own, lock)) return;
    if (await isRemoved(lock, staleMs)) continue;
    if (performance.now() >= endMs) {
      const message = `another process has ${lock} since more than ${waitMs / 1000} s`;
      throw Object.assign(new Error(message), { code: 'ETIMEDOUT', syscall: 'open' });
    }
    await delay(lookEveryMs);
  }
}

/** Removes a lock without a holder; true: it is gone. */
async function isRemoved(lock: string, staleMs: number): Promise<boolean> {
  const inode = await inodeOfStale(lock, staleMs);
  if (inode === undefined) return false;
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
  return true;
}

/** The inode of a lock whose holder is gone; undefined: it is held, or there is none. */
async function inodeOfStale(lock: string, staleMs: number): Promise<number | undefined> {
  let file;
  try {
    file = await open(lock, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
  try {
    const { ino, mtimeMs } = await file.stat();
    if (Date.now() - mtimeMs > staleMs) return ino;
    const { buffer, bytesRead } = await file.read(Buffer.alloc(300), 0, 300, 0);
    const [, pid = '', host = ''] = /^(\d{1,10}) (.+)\n$/.exec(buffer.toString('latin1', 0, bytesRead)) ?? [];
    return host === hostname() && !isAlive(Number(pid)) ? ino : undefined;
  } finally {
    await file.close();
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
