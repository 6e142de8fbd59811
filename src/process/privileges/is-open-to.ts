// May a user of the system open a file? Asked before the process that runs as this user does it, for `sluice check`.

import { realpath, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Identity } from './identity.ts';

/** What somebody wants to do with a file: a bit of its mode. */
export const wanted = { execute: 0o1, write: 0o2, read: 0o4 } as const;

type Wanted = (typeof wanted)[keyof typeof wanted];

/**
 * By the modes of the file and of the folders above it; access lists beside the modes are not looked at.
 * @param path - absolute
 * @throws {Error} of the system when the file is not there
 */
export async function isOpenTo(identity: Identity, path: string, want: Wanted): Promise<boolean> {
  if (identity.uid === 0) return true;
  let place = await realpath(path);
  if (!(await grants(identity, place, want))) return false;
  // To search a folder is the right to execute it.
  while (dirname(place) !== place) {
    place = dirname(place);
    if (!(await grants(identity, place, wanted.execute))) return false;
  }
  return true;
}

/** The first of owner, group and others that the user is counts alone, as for the kernel. */
async function grants({ uid, groups }: Identity, path: string, want: Wanted): Promise<boolean> {
  const file = await stat(path);
  const shift = file.uid === uid ? 6 : groups.includes(file.gid) ? 3 : 0;
  return ((file.mode >> shift) & want) !== 0;
}
