// Gives files and folders to another user without ever touching what is not ours: a link in their place is not followed, and
// neither is a second name of somebody else's file.

import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  lstatSync,
  openSync,
  realpathSync,
  type Stats,
} from 'node:fs';
import { StartError } from '../../errors/start-error.ts';

export interface Ownership {
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK, O_DIRECTORY } = constants;
const allModeBits = 0o7777;

export function hasOwnership(stats: Stats, { uid, gid, mode }: Ownership): boolean {
  return stats.uid === uid && stats.gid === gid && (stats.mode & allModeBits) === mode;
}

/**
 * The path behind a link of root's: an administrator may keep things on another disk. Whoever else made a link may want root to
 * give away what is not theirs.
 * @throws {StartError} `SPOOL_OWNER` when another user made the link
 */
export function behindLinkOfRoot(path: string): string {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found?.isSymbolicLink() !== true) return path;
  if (found.uid !== 0) throw ownerError(path, new Error('it is a link that another user than root made'));
  try {
    return realpathSync(path);
  } catch (error) {
    throw ownerError(path, error);
  }
}

/** The folder itself, not what a link leads to. @throws {StartError} `SPOOL_OWNER` when it is a link, or no folder */
export function requireFolder(path: string): Stats {
  const stats = lstatSync(path);
  if (stats.isDirectory()) return stats;
  throw ownerError(path, new Error(stats.isSymbolicLink() ? 'it is a link' : 'it is no folder'));
}

/** @throws {StartError} `SPOOL_OWNER` when it is a link, no folder, or cannot be given away */
export function giveFolder(path: string, owner: Ownership): void {
  give(path, O_RDONLY | O_NOFOLLOW | O_DIRECTORY, owner, (stats) =>
    stats.isDirectory() ? undefined : 'it is no folder',
  );
}

/** @throws {StartError} `SPOOL_OWNER` when it is a link, no file, has another name elsewhere, or cannot be given away */
export function giveFile(path: string, owner: Ownership): void {
  // O_NONBLOCK: opening a pipe would wait for its other end.
  give(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, owner, (stats) => {
    if (!stats.isFile()) return 'it is no file';
    return stats.nlink === 1 ? undefined : 'it has another name elsewhere (a hard link)';
  });
}

function give(
  path: string,
  flags: number,
  owner: Ownership,
  faultOf: (stats: Stats) => string | undefined,
): void {
  let fd: number | undefined;
  try {
    fd = openSync(path, flags);
    const stats = fstatSync(fd);
    const fault = faultOf(stats);
    if (fault !== undefined) throw new Error(fault);
    if (hasOwnership(stats, owner)) return;
    fchownSync(fd, owner.uid, owner.gid);
    fchmodSync(fd, owner.mode); // after the owner: chown(2) may clear bits of the mode
  } catch (error) {
    throw ownerError(path, error);
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

function ownerError(path: string, error: unknown): StartError {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const reason = code === 'ELOOP' ? 'it is a link' : error instanceof Error ? error.message : String(error);
  return new StartError(
    'SPOOL_OWNER',
    `Giving ${path} to the user of the configuration: ${reason}.`,
    'Look who put it there. Move it away if it does not belong to Sluice; otherwise change its owner by hand.',
  );
}
