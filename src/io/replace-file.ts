// Replaces a small file as a whole: whoever reads it sees the earlier content or the new one, also after a power cut.

import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fsyncSync,
  openSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { removeLeftover } from './remove-file.ts';

const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW, O_RDONLY } = constants;

/** Whose the file is and what others may do with it. */
export interface Ownership {
  readonly mode: number;
  /** Undefined: those of this process. */
  readonly owner?: { readonly uid: number; readonly gid: number } | undefined;
}

/**
 * @param path - absolute; nobody else may write in its folder
 * @throws {Error} of the system; what was there is there still
 */
export function replaceFile(path: string, content: Uint8Array, { mode, owner }: Ownership): void {
  const written = `${path}.new`;
  removeLeftover(written);
  const fd = openSync(written, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  try {
    for (let at = 0; at < content.length;) at += writeSync(fd, content, at);
    if (owner !== undefined) fchownSync(fd, owner.uid, owner.gid);
    fchmodSync(fd, mode);
    fsyncSync(fd);
  } catch (error) {
    closeSync(fd);
    removeLeftover(written);
    throw error;
  }
  closeSync(fd);
  renameSync(written, path);
  const folder = openSync(dirname(path), O_RDONLY);
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
