// Makes the places where Sluice keeps things usable for the users of the roles: the spool, the folders of Unix-domain sockets, and
// the log file.

import {
  closeSync,
  constants,
  existsSync,
  lstatSync,
  openSync,
  readdirSync,
  renameSync,
  statSync,
  type Stats,
} from 'node:fs';
import { dirname, join, sep } from 'node:path';
import type { Config } from '../../config/config.ts';
import { queueSockets } from '../../config/queue-sockets.ts';
import { StartError } from '../../errors/start-error.ts';
import { makeFolder } from '../../io/make-folder.ts';
import { removeFile } from '../../io/remove-file.ts';
import { answers } from '../../io/unix-listener.ts';
import type { Logger } from '../../log/logger.ts';
import { passwordSocketOf, readSocketOf } from '../../values/control-sockets.ts';
import { ownSpool } from './own-spool.ts';
import type { Identity } from './identity.ts';
import type { RoleUsers } from './role-users.ts';
import { behindLinkOfRoot, giveFile, giveFolder } from './safe-owner.ts';

/** The most files that were left out which are named one by one. */
const mostNamed = 20;

/**
 * Prepares the spool and the sockets of a configuration, which no Sluice uses any more.
 * @param log - is told of what is left as it is, because somebody else has put it there
 * @throws {StartError} `SPOOL_OWNER` when a folder of the spool is not ours
 */
export async function ownPlaces(config: Config, users: RoleUsers, log: Pick<Logger, 'warn'>): Promise<void> {
  const leftOut = [
    ...ownSpool(config.spool, users),
    ...config.queues.flatMap(({ path }) => (existsSync(path) ? ownSpool(path, users, 'queue') : [])),
  ];
  for (const each of leftOut.slice(0, mostNamed))
    log.warn(`left as it is in the spool: ${each} ${leftOutAdvice}`);
  const more = leftOut.length - mostNamed;
  if (more > 0) log.warn(`left as they are in the spool: ${more} more files like these`);
  setAsideWhatIsNoSocket(config, users, log);
  await removeOldSockets(config, users);
}

const leftOutAdvice =
  'Look who put it there. If it holds mail, give it to the user of the manager and restart Sluice; otherwise move it away.';

/**
 * Prepares the folders of all sockets of the configuration. Missing ones are made; one that root made for other things, too, is left
 * alone.
 * @throws {StartError} `SOCKET_FOLDER` when a role may not make its socket
 */
export function ownSocketFolders(config: Config, users: RoleUsers): void {
  for (const { path, identity } of socketsOf(config, users)) {
    const folder = dirname(path);
    const isThere = statSync(folder, { throwIfNoEntry: false }) !== undefined;
    if (!isThere) makeFolder(folder);
    // All roles may make sockets there, and none may remove that of another (sticky).
    if (!isThere || isOursAlone(folder, config, users))
      giveFolder(folder, { uid: 0, gid: users.gid, mode: 0o1775 });
    else if (!mayWrite(statSync(folder), identity)) throw socketFolderError(folder, identity);
  }
}

/** Why a role could not make its socket at a start by root; undefined: each could. Changes nothing. */
export function socketFolderProblem(config: Config, users: RoleUsers): StartError | undefined {
  for (const { path, identity } of socketsOf(config, users)) {
    const folder = dirname(path);
    const stats = statSync(folder, { throwIfNoEntry: false });
    if (stats?.isDirectory() !== true || isOursAlone(folder, config, users)) continue;
    if (!mayWrite(stats, identity)) return socketFolderError(folder, identity);
  }
  return undefined;
}

/**
 * The roles load their code when they are not root any more.
 * @throws {StartError} `USER_CODE` when one may not read it
 */
export function checkCode(program: string, { of }: RoleUsers): void {
  for (const identity of Object.values(of)) {
    let path = program;
    let needed = 0o4;
    for (;;) {
      if (!hasRights(statSync(path), identity, needed)) throw codeError(program, path, identity);
      if (dirname(path) === path) break;
      path = dirname(path);
      needed = 0o1;
    }
  }
}

/**
 * Moves away what a role has left where another one makes its socket: it could not remove that. What belongs to somebody else
 * stays, because a mistaken path may be that of anybody's file.
 */
function setAsideWhatIsNoSocket(config: Config, users: RoleUsers, log: Pick<Logger, 'warn'>): void {
  const uids = new Set(Object.values(users.of).map(({ uid }) => uid));
  for (const { path } of socketsOf(config, users)) {
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found === undefined || found.isSocket() || !uids.has(found.uid)) continue;
    const aside = `${path}.aside-${Date.now()}`;
    renameSync(path, aside);
    log.warn(`${path} is the place of a socket, and something else was there: it is ${aside} now`);
  }
}

/** Removes sockets that a Sluice of root left behind: the role could not do so itself. */
async function removeOldSockets(config: Config, users: RoleUsers): Promise<void> {
  for (const { path, identity } of socketsOf(config, users)) {
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found?.isSocket() !== true || found.uid === identity.uid) continue;
    if (!(await answers(path))) removeFile(path);
  }
}

/** Lets all roles append to the log file. A file that they can append to already is left as it is. @throws {StartError} `SPOOL_OWNER` */
export function ownLogFile({ log }: Config, { gid, of }: RoleUsers): void {
  if (log.file === undefined) return;
  const file = behindLinkOfRoot(log.file);
  const { O_CREAT, O_EXCL, O_WRONLY } = constants;
  try {
    closeSync(openSync(file, O_CREAT | O_EXCL | O_WRONLY, 0o600));
  } catch (error) {
    // Another error is reported by the logger, which opens the file next.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') return;
  }
  const stats = lstatSync(file);
  const isOther = stats.isFIFO() || stats.isSocket() || stats.isCharacterDevice();
  if (isOther || Object.values(of).every((identity) => mayWrite(stats, identity))) return;
  giveFile(file, { uid: of.manager.uid, gid, mode: (stats.mode & 0o777) | 0o660 });
}

function socketsOf(
  { controlSocket, submissionSocket, control, listen, queues }: Config,
  { of }: RoleUsers,
): readonly { readonly path: string; readonly identity: Identity }[] {
  return [
    { path: controlSocket, identity: of.control },
    ...(control.readOnlyGroup === undefined
      ? []
      : [{ path: readSocketOf(controlSocket), identity: of.control }]),
    ...(control.userPasswords ? [{ path: passwordSocketOf(controlSocket), identity: of.control }] : []),
    ...queueSockets({ controlSocket, queues }).map(({ path }) => ({ path, identity: of.control })),
    { path: submissionSocket, identity: of.receiver },
    ...listen.flatMap(({ address }) =>
      address.kind === 'unix' ? [{ path: address.path, identity: of.receiver }] : [],
    ),
  ];
}

/** Whether root made the folder for Sluice: nothing is in it but places of this configuration. */
function isOursAlone(folder: string, config: Config, users: RoleUsers): boolean {
  if (statSync(folder).uid !== 0) return false;
  const sockets = socketsOf(config, users).map(({ path }) => path);
  const places = [config.spool, ...sockets, ...(config.log.file === undefined ? [] : [config.log.file])];
  return readdirSync(folder).every((name) => {
    const path = join(folder, name);
    return places.some((place) => place === path || place.startsWith(join(path, sep)));
  });
}

/** By owner, group and others, as the kernel decides; access control lists are not looked at. */
function hasRights(stats: Stats, { uid, groups }: Identity, needed: number): boolean {
  const shift = stats.uid === uid ? 6 : groups.includes(stats.gid) ? 3 : 0;
  return ((stats.mode >> shift) & needed) === needed;
}

function mayWrite(stats: Stats, identity: Identity): boolean {
  return hasRights(stats, identity, stats.isDirectory() ? 0o3 : 0o2);
}

function codeError(program: string, path: string, { user }: Identity): StartError {
  return new StartError(
    'USER_CODE',
    `Starting the processes as other users: the user "${user}" may not read ${program}, because of the rights of ${path}.`,
    'Install Sluice where every user may read it, for example with the npm of the system, and not in a home directory.',
  );
}

function socketFolderError(folder: string, { user, gid }: Identity): StartError {
  return new StartError(
    'SOCKET_FOLDER',
    `Preparing ${folder} for sockets: the user "${user}" may not make files there.`,
    `Let the group of all processes do so (chgrp ${gid} ${folder} && chmod 1775 ${folder}), or name another folder for the socket in the configuration.`,
  );
}
