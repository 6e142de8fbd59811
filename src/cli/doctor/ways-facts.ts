// Gathers the facts about programs and archives of [[route]] tables: looks at files and users, runs nothing, and asks the running Sluice for
// mail that waits after failures.

import { access, constants, stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { programFault } from '../../config/check/program-fault.ts';
import type { Config, RouteConfig } from '../../config/config.ts';
import { ControlError } from '../../control/control-error.ts';
import { archiveName } from '../../deliver/archive/archive-name.ts';
import { regularFileFault } from '../../deliver/archive/regular-file.ts';
import { StartError } from '../../errors/start-error.ts';
import { userAccount } from '../../io/user-account.ts';
import type { Identity } from '../../process/privileges/identity.ts';
import { isOpenTo, wanted } from '../../process/privileges/is-open-to.ts';
import { roleUsers } from '../../process/privileges/role-users.ts';
import { routeName } from '../../settings/route-rules.ts';
import { systemErrorText } from '../../spool/spool-error.ts';
import type { ArchiveWay, PipeWay } from '../../values/local-way.ts';
import { queueRows } from '../queue-rows.ts';
import type { Check, Patient } from './check.ts';
import { type ArchiveDisk, type FailingWay, type WaysFacts, waysFindings } from './ways.ts';

export const ways: Check = {
  kind: 'ways',
  subject: 'programs and archives of routes',
  look: async (patient) => waysFindings(await waysFacts(patient)),
};

/** Rows of the queue that are looked at for one route. */
const mostRows = 1_000;

async function waysFacts({ config, processes }: Patient): Promise<WaysFacts> {
  const facts = {
    programs: [] as WaysFacts['programs'][number][],
    users: [] as WaysFacts['users'][number][],
    archives: [] as WaysFacts['archives'][number][],
    disks: [] as ArchiveDisk[],
    failing: [] as FailingWay[],
    unseen: [] as string[],
  };
  for (const [index, each] of config.route.entries()) {
    const route = `the route "${routeName(each, index)}"`;
    if (each.kind === 'pipe' && each.way.kind === 'pipe') {
      const fault = programFault(each.way.command[0] ?? '');
      if (fault !== undefined) facts.programs.push({ route, reason: fault.reason, isFatal: fault.isFatal });
      const reason = await userFault(each.way);
      if (reason !== undefined) facts.users.push({ route, reason });
    }
    if (each.kind === 'archive' && each.way.kind === 'archive') {
      try {
        const reason = await archiveFault(each.way.place, sendersOf(config));
        if (reason !== undefined) facts.archives.push({ route, reason });
        facts.disks.push({ route, ...(await diskOf(each.way.place)) });
      } catch (error) {
        const why = error instanceof StartError ? error.message : systemErrorText(error);
        facts.unseen.push(`The archive of ${route} was not looked at: ${why.replace(/\.$/, '')}`);
      }
    }
    if (processes.kind === 'stopped') continue;
    const failing = await failuresOf(config, each, route);
    if (typeof failing === 'string') facts.unseen.push(failing);
    else if (failing !== undefined) facts.failing.push(failing);
  }
  return facts;
}

async function userFault({ as }: PipeWay): Promise<string | undefined> {
  if (as === undefined) return undefined;
  try {
    const { uid, gid } = await userAccount(as.user, as.group);
    return uid === 0 || gid === 0 ? `as = "${as.user}" is root, or in the group of root` : undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Whom the senders run as; undefined: as whoever starts Sluice, which is this user. @throws {StartError} */
function sendersOf(config: Config): Identity | undefined {
  return roleUsers(config)?.of.sender;
}

/** Why nothing can be written there. @throws {Error} of the system for what cannot be looked at */
async function archiveFault(
  place: ArchiveWay['place'],
  senders: Identity | undefined,
): Promise<string | undefined> {
  // What is not there yet is made.
  const nearest = await nearestFolder(folderOf(place));
  if (!(await stat(nearest)).isDirectory()) return `${nearest} is no folder`;
  if (!(await mayWrite(nearest, senders))) return whyNot(nearest, senders);
  if (place.kind === 'maildir') return undefined;
  const path = archiveName(place, 1, Date.now());
  const fault = await regularFileFault(path);
  if (fault !== undefined) return fault;
  return !(await isThere(path)) || (await mayWrite(path, senders)) ? undefined : whyNot(path, senders);
}

function folderOf(place: ArchiveWay['place']): string {
  return place.kind === 'file' ? dirname(place.path) : place.folder;
}

function whyNot(path: string, senders: Identity | undefined): string {
  return `${senders === undefined ? 'this user' : `the user "${senders.user}"`} may not write to ${path}`;
}

async function mayWrite(path: string, senders: Identity | undefined): Promise<boolean> {
  if (senders !== undefined) return isOpenTo(senders, path, wanted.write);
  return access(path, constants.W_OK).then(
    () => true,
    () => false,
  );
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return false;
      throw error;
    },
  );
}

async function nearestFolder(folder: string): Promise<string> {
  let at = folder;
  while (!(await isThere(at)) && dirname(at) !== at) at = dirname(at);
  return at;
}

async function diskOf(place: ArchiveWay['place']): Promise<Omit<ArchiveDisk, 'route'>> {
  const folder = await nearestFolder(folderOf(place));
  const { bavail, blocks, bsize, files, ffree } = await statfs(folder);
  return {
    folder,
    freeBytes: bavail * bsize,
    allBytes: blocks * bsize,
    freeInodes: files === 0 ? undefined : ffree,
  };
}

/** Mail of a route with a name that waits after failures; a sentence without its period when the running Sluice does not tell. */
async function failuresOf(
  config: Config,
  { kind, name }: RouteConfig,
  route: string,
): Promise<FailingWay | string | undefined> {
  if (name === undefined || (kind !== 'pipe' && kind !== 'archive' && kind !== 'redirect')) return undefined;
  let recipients = 0;
  let seen = 0;
  let lastError = '';
  try {
    for await (const row of queueRows(config, { route: name }, mostRows)) {
      seen++;
      if (row.attempts === 0 || row.lastError === '') continue;
      recipients++;
      ({ lastError } = row);
    }
  } catch (error) {
    if (!(error instanceof ControlError)) throw error;
    return `Whether mail of ${route} fails was not looked at: ${error.message.replace(/\.$/, '')}`;
  }
  return recipients === 0 ? undefined : { route, name, recipients, isAtLeast: seen === mostRows, lastError };
}
