// The lock of a file of an archive: a file beside it with `.lock` behind its name, as programs that read and write mbox files have it
// (procmail's lockfile(1), Dovecot's dotlock). Promises: no two processes of Sluice write to one file at the same time, not even for the
// moment in which a reload has begun another route to it; a lock whose holder has died holds nobody up.

import { constants } from 'node:fs';
import { link, open, rename, stat, unlink, utimes } from 'node:fs/promises';
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

/** Sets aside locks of the dead, each under a name of its own. */
let setAside = 0;

/**
 * Does something while no other process that takes the lock does.
 * @throws {Error} of the system; ETIMEDOUT when another one has the lock for too long
 */
export async function withLock<T>(
  path: string,
  act: () => Promise<T>,
  times: LockTimes = usualTimes,
): Promise<T> {
  const lock = `${path}.lock`;
  await take(lock, times);
  const renewal = setInterval(() => void renew(lock), renewEveryMs).unref();
  try {
    return await act();
  } finally {
    clearInterval(renewal);
    await unlink(lock).catch(() => undefined);
  }
}

async function renew(lock: string): Promise<void> {
  const now = new Date();
  await utimes(lock, now, now).catch(() => undefined);
}

async function take(lock: string, { waitMs, staleMs }: LockTimes): Promise<void> {
  const endMs = performance.now() + waitMs;
  for (;;) {
    try {
      const file = await open(lock, 'wx', 0o600);
      try {
        await file.writeFile(`${process.pid} ${hostname()}\n`);
      } finally {
        await file.close();
      }
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
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
  const aside = `${lock}.${process.pid}.${++setAside}`;
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
