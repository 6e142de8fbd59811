// Turns this process, which root started, into that of another user, for ever.
//
// A role does so itself, as its very first act, instead of being started as that user: this way it also gets the groups of the
// user (a sender may need the group of a socket to deliver to), which libuv would take away. And the kernel then protects the
// memory of the process from all others but root, those of the same user included: only an exec(2) would lift that
// (prctl(2), PR_SET_DUMPABLE).

import { StartError } from '../../errors/start-error.ts';
import type { Identity } from './identity.ts';

/** What others may not do with new files: the group reads, nobody else does anything. */
const mask = 0o027;

/** @throws {StartError} `USER_CHANGE` when the system does not do it, or would let this process be root again */
export function become({ user, uid, gid, groups }: Identity): void {
  if (!process.setgroups || !process.setgid || !process.setuid) {
    throw changeError(user, 'this system has no users');
  }
  try {
    // In this order: without root, the groups could not be changed any more.
    process.setgroups([...groups]);
    process.setgid(gid);
    process.setuid(uid);
  } catch (error) {
    throw changeError(user, error instanceof Error ? error.message : String(error));
  }
  if (process.getuid?.() !== uid || process.geteuid?.() !== uid || canBeRoot()) {
    throw changeError(user, 'the process would still be root');
  }
  process.umask(mask);
}

function canBeRoot(): boolean {
  try {
    process.setuid?.(0);
    return true;
  } catch {
    return false;
  }
}

function changeError(user: string, reason: string): StartError {
  return new StartError(
    'USER_CHANGE',
    `Becoming the user "${user}": ${reason}.`,
    'Start Sluice as root with all capabilities of root, or as that user.',
  );
}
