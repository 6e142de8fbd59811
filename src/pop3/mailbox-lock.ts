// One POP3 session at a time has a mailbox (RFC 1939 4): a file in it says who. Promises: a holder that died never keeps others out: on this host at once,
// by the number and the start of its process; on another one, or in another container, when the file was not touched for some minutes.
// No lock of the kernel: Node offers none, and those of NFS are no better.

import { randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { link, readFile, rename, stat, unlink, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';

/** In the Maildir, where readers look at folders only. */
const lockName = 'sluice-pop3.lock';
const touchEveryMs = 30_000;
/** A holder elsewhere that has not touched its file for so long is dead. */
const deadAfterMs = 150_000;
const mostTries = 3;

interface Holder {
  readonly host: string;
  readonly pid: number;
  /** When the process began, in ticks since the start of the host: the number may be that of another one now. */
  readonly began: string;
}

export interface MailboxLock {
  /** Resolves when another session can have the mailbox. May be called again. */
  release(): Promise<void>;
}

/** Locks of one process. */
export class MailboxLocks {
  readonly #held = new Set<string>();
  readonly #releasing = new Set<Promise<void>>();

  /** Resolves when what was released is free. */
  async released(): Promise<void> {
    await Promise.all(this.#releasing);
  }

  /**
   * @returns undefined when another session has the mailbox
   * @throws {Error} of the system
   */
  async take(folder: string): Promise<MailboxLock | undefined> {
    if (this.#held.has(folder)) return undefined;
    this.#held.add(folder);
    try {
      const path = join(folder, lockName);
      if (!(await makeLock(folder, path))) {
        this.#held.delete(folder);
        return undefined;
      }
      const timer = setInterval(() => void touch(path), touchEveryMs).unref();
      let gone: Promise<void> | undefined;
      return {
        release: () => {
          clearInterval(timer);
          gone ??= this.#release(folder, path);
          return gone;
        },
      };
    } catch (error) {
      this.#held.delete(folder);
      throw error;
    }
  }

  #release(folder: string, path: string): Promise<void> {
    const gone = unlink(path)
      .catch(() => undefined)
      .then(() => {
        this.#held.delete(folder);
        this.#releasing.delete(gone);
      });
    this.#releasing.add(gone);
    return gone;
  }
}

async function makeLock(folder: string, path: string): Promise<boolean> {
  const own = `${JSON.stringify(thisProcess())}\n`;
  const drafted = join(folder, 'tmp', `${lockName}.${process.pid}.${randomBytes(8).toString('hex')}`);
  await writeFile(drafted, own, { flag: 'wx', mode: 0o600 });
  try {
    for (let tries = 0; tries < mostTries; tries++) {
      if (await isLinked(drafted, path)) return true;
      if (!(await isAbandoned(path))) return false;
      await putAside(path, `${drafted}.old`);
    }
    return false;
  } finally {
    await unlink(drafted).catch(() => undefined);
  }
}

async function isLinked(drafted: string, path: string): Promise<boolean> {
  try {
    await link(drafted, path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Removes the file of a dead holder. If somebody else has done so meanwhile and made a new one, that one is put back. */
async function putAside(path: string, aside: string): Promise<void> {
  try {
    await rename(path, aside);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return;
    throw error;
  }
  if (!(await isAbandoned(aside))) await link(aside, path).catch(() => undefined);
  await unlink(aside).catch(() => undefined);
}

async function isAbandoned(path: string): Promise<boolean> {
  try {
    const holder = holderIn(await readFile(path, 'utf8'));
    if (holder?.host === thisHost()) return !isAlive(holder);
    const { mtimeMs } = await stat(path);
    return Date.now() - mtimeMs > deadAfterMs;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return true;
    throw error;
  }
}

/** @returns undefined for what is none: whoever has written that is dead after a while */
function holderIn(text: string): Holder | undefined {
  try {
    const { host, pid, began } = JSON.parse(text) as Partial<Holder>;
    if (typeof host !== 'string' || typeof pid !== 'number' || typeof began !== 'string') return undefined;
    return { host, pid, began };
  } catch {
    return undefined;
  }
}

function isAlive({ pid, began }: Holder): boolean {
  if (pid === process.pid && began === beganAt(process.pid)) return false; // this process would know of it
  return Number.isInteger(pid) && pid > 0 && beganAt(pid) === began;
}

/** Field 22 of proc(5); undefined when there is no such process. */
function beganAt(pid: number): string | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // Behind the name, which may have spaces and parentheses.
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}

function thisProcess(): Holder {
  return { host: thisHost(), pid: process.pid, began: beganAt(process.pid) ?? '' };
}

let knownHost: string | undefined;

/** Where numbers of processes mean the same: a host since its start, and in it a namespace of processes. */
function thisHost(): string {
  knownHost ??= `${hostname()} ${textOf('/proc/sys/kernel/random/boot_id')} ${linkAt('/proc/self/ns/pid')}`;
  return knownHost;
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'latin1').trim();
  } catch {
    return '';
  }
}

function linkAt(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

async function touch(path: string): Promise<void> {
  const now = new Date();
  // A file that is gone, or a disk that fails: the next time tries again.
  await utimes(path, now, now).catch(() => undefined);
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}
