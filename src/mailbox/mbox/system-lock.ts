// The lock of the system for an mbox, by fcntl(2), which Dovecot, mutt and Postfix take beside the file `.lock`. Node has none, so lockf(3) of the C
// library, which is such a lock from the present place of the file on, is called through Node's FFI. It ends when the file is closed.

import { setTimeout as delay } from 'node:timers/promises';

/** unistd.h: F_TLOCK */
const lockIfFree = 2;
const lookEveryMs = 50;

type TryLock = (fd: number) => boolean;

let binding: Promise<TryLock | undefined> | undefined;

/** False: this system has no such locks for Node. @throws {Error} with ETIMEDOUT when another process has it for too long */
export async function lockBySystem(fd: number, path: string, waitMs: number): Promise<boolean> {
  const tryLock = await (binding ??= load());
  if (tryLock === undefined) return false;
  const endMs = performance.now() + waitMs;
  while (!tryLock(fd)) {
    if (performance.now() >= endMs) {
      const message = `another process has locked ${path} since more than ${waitMs / 1000} s`;
      throw Object.assign(new Error(message), { code: 'ETIMEDOUT', syscall: 'lockf' });
    }
    await delay(lookEveryMs);
  }
  return true;
}

async function load(): Promise<TryLock | undefined> {
  const { emitWarning } = process;
  // Node says on the standard error that FFI may change. The version of Node is fixed, and what fails here is done without it.
  process.emitWarning = () => undefined;
  try {
    const { DynamicLibrary } = await import('node:ffi');
    const lockf = new DynamicLibrary(null).getFunction('lockf', {
      arguments: ['int32', 'int32', 'int64'],
      return: 'int32',
    });
    // From the beginning, where nothing was read or written yet.
    return (fd) => lockf(fd, lockIfFree, 0n) === 0;
  } catch {
    return undefined;
  } finally {
    process.emitWarning = emitWarning;
  }
}
