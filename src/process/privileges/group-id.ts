// The number of a group of the system. The program getent finds it, since groups may come from files, from LDAP or from elsewhere
// (NSS); a system without it, such as macOS, has /etc/group.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { StartError } from '../../errors/start-error.ts';

/** Not the PATH of the caller: root runs this program. */
const systemPath = '/usr/bin:/bin:/usr/sbin:/sbin';

/** A name service that does not answer must not hold up a start for ever. */
const answersWithinMs = 10_000;

/** @throws {StartError} `GROUP_UNKNOWN` */
export function groupId(group: string): number {
  // group(5): NAME:PASSWORD:NUMBER:MEMBERS
  const line = groupLines(group).find((each) => each.startsWith(`${group}:`));
  const [, , number = ''] = line?.split(':') ?? [];
  if (/^\d+$/.test(number)) return Number(number);
  throw new StartError(
    'GROUP_UNKNOWN',
    `Looking for the group "${group}" of [control]: the system has none.`,
    `Make the group (groupadd --system ${group}), or name another one.`,
  );
}

function groupLines(group: string): readonly string[] {
  try {
    return execFileSync('getent', ['group', group], {
      encoding: 'utf8',
      env: { PATH: systemPath, LC_ALL: 'C' },
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: answersWithinMs,
    }).split('\n');
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    return isMissing ? readFileSync('/etc/group', 'utf8').split('\n') : [];
  }
}
