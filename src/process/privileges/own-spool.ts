// Makes the folders of the spool belong to the users of the roles, at each start by root: receivers add mail, the manager owns
// and removes it, the others read it. docs/security.md has the table. A spool that another user made is taken over.

import { lstatSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { keysFolder } from '../../channel/keys-socket.ts';
import { runFolder } from '../../channel/manager-socket.ts';
import { spoolFolders } from '../../spool/open.ts';
import { behindLinkOfRoot, giveFile, giveFolder, hasOwnership, type Ownership } from './safe-owner.ts';
import type { RoleUsers } from './role-users.ts';

/** No process of another Sluice may be at work on the spool. @throws {StartError} `SPOOL_OWNER` */
export function ownSpool(configured: string, { gid, writersGid, of }: RoleUsers): void {
  const spool = behindLinkOfRoot(configured);
  const { uid } = of.manager;
  const file = { uid, gid, mode: 0o640 };
  const written = { ...file, uid: of.receiver.uid };
  const folders = spoolFolders(spool);
  // Nobody but root gets past this folder while its contents are looked at, so nothing below it can be exchanged meanwhile.
  giveFolder(spool, { uid: 0, gid: 0, mode: 0o700 });
  giveFiles(spool, [file]);
  for (const folder of folders.written) {
    make(folder);
    giveFiles(folder, [file, written]);
    // Sticky: a receiver removes its own files only. Senders come in as "others": the spool itself keeps strangers out.
    const isShared = of.receiver.uid !== uid;
    giveFolder(folder, isShared ? { uid, gid: writersGid, mode: 0o1775 } : { uid, gid, mode: 0o750 });
  }
  for (const folder of folders.kept) {
    make(folder);
    giveFiles(folder, [file]);
    giveFolder(folder, { uid, gid, mode: 0o700 });
  }
  const run = runFolder(spool);
  make(run);
  giveFolder(run, { uid, gid, mode: 0o1770 });
  // Only the keys process makes a socket here, and only it reads its secret.
  const keys = keysFolder(spool);
  make(keys);
  giveFiles(keys, [{ uid: of.keys.uid, gid, mode: 0o600 }]);
  giveFolder(keys, { uid: of.keys.uid, gid, mode: 0o750 });
  giveFolder(spool, { uid, gid, mode: 0o750 });
}

/** Sockets and links are left alone: the former are made anew, and nothing of ours is the latter. */
function giveFiles(folder: string, owners: readonly [first: Ownership, ...others: Ownership[]]): void {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    const stats = lstatSync(path);
    if (stats.isFile() && !owners.some((owner) => hasOwnership(stats, owner))) giveFile(path, owners[0]);
  }
}

function make(folder: string): void {
  try {
    mkdirSync(folder, 0o700);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
