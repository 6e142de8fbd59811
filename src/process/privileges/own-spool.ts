// Makes the folders of the spool belong to the users of the roles, at each start by root: receivers add mail, the manager owns
// and removes it, the others read it. docs/security.md has the table. A spool that another user made is taken over. What somebody
// else has put there stays as it is, and does not keep Sluice from starting: a role that was taken over may have done so.

import { lstatSync, mkdirSync, readdirSync, renameSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { keysFolder } from '../../channel/keys-socket.ts';
import { runFolder } from '../../channel/manager-socket.ts';
import { spoolFolders } from '../../spool/open.ts';
import { managerSlotCount, parseSegmentName, slotOf } from '../../spool/queue-id.ts';
import { StartError } from '../../errors/start-error.ts';
import {
  behindLinkOfRoot,
  giveFile,
  giveFolder,
  hasOwnership,
  type Ownership,
  requireFolder,
} from './safe-owner.ts';
import type { RoleUsers } from './role-users.ts';

/** Whose files are taken over. */
interface Makers {
  readonly uids: ReadonlySet<number>;
  readonly gids: ReadonlySet<number>;
}

/**
 * No process of another Sluice may be at work on the spool.
 * @param kind - what lies beside the mail of an instance, that of another queue has not
 * @returns for each file that was left as it is, a sentence that says why
 * @throws {StartError} `SPOOL_OWNER` when a folder of the spool cannot be given away
 */
export function ownSpool(
  configured: string,
  { gid, writersGid, of }: RoleUsers,
  kind: 'instance' | 'queue' = 'instance',
): readonly string[] {
  const spool = behindLinkOfRoot(configured);
  const before = lstatSync(spool);
  refuseOther(spool);
  const leftOut: string[] = [];
  // The users may be others since the last start. All that wrote files had the group of the spool, which nobody else has.
  const uids = new Set([0, before.uid, ...Object.values(of).map((identity) => identity.uid)]);
  const makersOf = (folder: Stats): Makers => ({ uids, gids: new Set([before.gid, folder.gid]) });
  const { uid } = of.manager;
  const file = { uid, gid, mode: 0o640 };
  const written = { ...file, uid: of.receiver.uid };
  const folders = spoolFolders(spool);
  // Nobody but root gets past this folder while its contents are looked at, so nothing below it can be exchanged meanwhile.
  giveFolder(spool, { uid: 0, gid: before.gid, mode: 0o700 });
  giveFiles(spool, [file], makersOf(before), leftOut);
  for (const folder of folders.written) {
    const makers = makersOf(made(folder));
    // Before the users were different, segments of the manager belonged to whoever had the spool.
    if (before.uid !== of.receiver.uid) setPlantedAside(folder, of.receiver.uid, uid, leftOut);
    giveFiles(folder, [file, written], makers, leftOut);
    // Sticky: a receiver removes its own files only. Senders come in as "others": the spool itself keeps strangers out.
    const isShared = of.receiver.uid !== uid;
    giveFolder(folder, isShared ? { uid, gid: writersGid, mode: 0o1775 } : { uid, gid, mode: 0o750 });
  }
  for (const folder of folders.kept) {
    giveFiles(folder, [file], makersOf(made(folder)), leftOut);
    giveFolder(folder, { uid, gid, mode: 0o700 });
  }
  if (kind === 'queue') {
    giveFolder(spool, { uid, gid, mode: 0o750 });
    return leftOut;
  }
  const run = runFolder(spool);
  made(run);
  giveFolder(run, { uid, gid, mode: 0o1770 });
  // Only the keys process makes a socket here, and only it reads its secret.
  const keys = keysFolder(spool);
  giveFiles(keys, [{ uid: of.keys.uid, gid, mode: 0o600 }], makersOf(made(keys)), leftOut);
  giveFolder(keys, { uid: of.keys.uid, gid, mode: 0o750 });
  if (of.receiver.uid !== uid)
    ownPluginFolders(spool, { manager: uid, receiver: of.receiver.uid, gid }, makersOf, leftOut);
  takeCertificate(join(spool, 'tls'), before.uid, new Set(Object.values(of).map((identity) => identity.uid)));
  giveFolder(spool, { uid, gid, mode: 0o750 });
  return leftOut;
}

/** A receiver that was taken over may have written a segment under a name that only the manager gives. */
function setPlantedAside(folder: string, receiver: number, manager: number, leftOut: string[]): void {
  if (receiver === manager) return;
  for (const name of readdirSync(folder)) {
    const segment = parseSegmentName(name.replace(/\.index$/, ''));
    const path = join(folder, name);
    if (segment < 0 || slotOf(segment) >= managerSlotCount || lstatSync(path).uid !== receiver) continue;
    renameSync(path, `${path}.aside`);
    leftOut.push(
      `${path} has a name of the manager's and belongs to a receiver, so it is ${path}.aside now.`,
    );
  }
}

/**
 * What plugins keep: each stage has a folder, which its first process makes, as receivers or as the manager. The group of all roles may enter, and
 * share files that way.
 */
function ownPluginFolders(
  spool: string,
  { manager, receiver, gid }: { readonly manager: number; readonly receiver: number; readonly gid: number },
  makersOf: (folder: Stats) => Makers,
  leftOut: string[],
): void {
  const folder = join(spool, 'plugins');
  const makers = makersOf(made(folder));
  const file = { gid, mode: 0o660 };
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (stats?.isDirectory() !== true) continue;
    if (!makers.uids.has(stats.uid) && !makers.gids.has(stats.gid)) {
      leftOut.push(`${path} belongs to the user ${stats.uid}, who is none of Sluice's.`);
      continue;
    }
    giveFiles(
      path,
      [
        { ...file, uid: receiver },
        { ...file, uid: manager },
      ],
      makers,
      leftOut,
    );
    giveFolder(path, { uid: receiver, gid, mode: 0o2770 });
  }
  giveFolder(folder, { uid: receiver, gid, mode: 0o2770 });
}

/** The self-signed certificate of a spool that another user made. One that a role has put there has a key that is known to it. */
function takeCertificate(folder: string, maker: number, roles: ReadonlySet<number>): void {
  const found = lstatSync(folder, { throwIfNoEntry: false });
  if (found?.isDirectory() !== true || found.uid !== maker || maker === 0 || roles.has(maker)) return;
  const root = { uid: 0, gid: 0 };
  giveFolder(folder, { ...root, mode: 0o700 });
  giveFiles(folder, [{ ...root, mode: 0o600 }], { uids: new Set([maker]), gids: new Set() }, []);
}

/** Folders of a spool, and that of the file system itself where the spool is a mount point. */
const known: ReadonlySet<string> = new Set([
  ...Object.values(spoolFolders('')).flat(),
  runFolder(''),
  keysFolder(''),
  'tls',
  // The supervisor has it before the rest of the spool is made.
  'crash',
  'plugins',
  'lost+found',
]);

/**
 * A mistaken path, such as /var/spool, may be that of a folder that others need: it must not become that of one user.
 * @throws {StartError} `SPOOL_OTHER`
 */
function refuseOther(spool: string): void {
  const entries = readdirSync(spool, { withFileTypes: true });
  if (entries.some(({ name }) => name === 'format')) return;
  const other = entries.find((entry) => entry.isDirectory() && !known.has(entry.name));
  if (other === undefined) return;
  throw new StartError(
    'SPOOL_OTHER',
    `${spool} has a folder ${JSON.stringify(other.name)} and is no spool of Sluice, so it was left as it is.`,
    'Set spool to the path of a folder that only Sluice uses; it is made if it is not there.',
  );
}

/** Sockets and links are left alone: the former are made anew, and nothing of ours is the latter. */
function giveFiles(
  folder: string,
  owners: readonly [first: Ownership, ...others: Ownership[]],
  { uids, gids }: Makers,
  leftOut: string[],
): void {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (stats?.isFile() !== true || owners.some((owner) => hasOwnership(stats, owner))) continue;
    if (!uids.has(stats.uid) && !gids.has(stats.gid)) {
      // Whoever may write to the folder of a file can move it here, to have it given to a user who may read it then.
      leftOut.push(`${path} belongs to the user ${stats.uid}, who is none of Sluice's.`);
      continue;
    }
    try {
      // What a receiver has written stays its own.
      giveFile(path, owners.find((owner) => owner.uid === stats.uid) ?? owners[0]);
    } catch (error) {
      if (!(error instanceof StartError)) throw error;
      leftOut.push(error.message);
    }
  }
}

/**
 * The folder, which is made if there is none.
 * @throws {StartError} `SPOOL_OWNER` when it is a link or no folder: the files behind a link must not be given to anybody
 */
function made(folder: string): Stats {
  try {
    mkdirSync(folder, 0o700);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return requireFolder(folder);
}
