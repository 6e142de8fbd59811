// Users and groups of the system, for programs that are run as others. Accounts come from files, from LDAP or from elsewhere (NSS), and only
// the C library knows where: getent asks it. A system without getent, such as macOS, has the files of /etc.

import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

export interface UserAccount {
  readonly user: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

/** Not the PATH of the caller: root may run this program. */
const systemPath = '/usr/bin:/bin:/usr/sbin:/sbin';
/** A name service that does not answer must not hold up mail for ever. */
const answersWithinMs = 10_000;
const run = promisify(execFile);

/**
 * @param group - instead of the user's own
 * @throws {Error} with a sentence, when there is no such user or group
 */
export async function userAccount(user: string, group?: string): Promise<UserAccount> {
  // passwd(5): NAME:PASSWORD:UID:GID:COMMENT:HOME:SHELL
  const [, , uid = '', ownGid = '', , home = ''] = await entryOf('passwd', user);
  if (!/^\d+$/.test(uid) || !/^\d+$/.test(ownGid)) throw new Error(`there is no user "${user}"`);
  // group(5): NAME:PASSWORD:GID:MEMBERS
  const gid = group === undefined ? ownGid : ((await entryOf('group', group))[2] ?? '');
  if (!/^\d+$/.test(gid)) throw new Error(`there is no group "${group}"`);
  return { user, uid: Number(uid), gid: Number(gid), home: home.startsWith('/') ? home : '/' };
}

/** The fields of an entry; empty when there is none. */
async function entryOf(database: 'passwd' | 'group', name: string): Promise<readonly string[]> {
  const lines = await linesOf(database, name);
  return lines.find((line) => line.startsWith(`${name}:`))?.split(':') ?? [];
}

async function linesOf(database: 'passwd' | 'group', name: string): Promise<readonly string[]> {
  try {
    const { stdout } = await run('getent', [database, name], {
      env: { PATH: systemPath, LC_ALL: 'C' },
      timeout: answersWithinMs,
    });
    return stdout.split('\n');
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    return isMissing ? (await readFile(`/etc/${database}`, 'utf8')).split('\n') : [];
  }
}
