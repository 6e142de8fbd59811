// A user of the system as the kernel knows it: by numbers. The system's program `id` finds them, since users may come from
// files, from LDAP or from elsewhere (NSS), and only the C library knows where.

import { execFileSync } from 'node:child_process';
import { StartError } from '../../errors/start-error.ts';

export interface Identity {
  /** As in the configuration. */
  readonly user: string;
  readonly uid: number;
  /** The primary group. */
  readonly gid: number;
  /** All groups, the primary one included. */
  readonly groups: readonly number[];
}

/** Not the PATH of the caller: root runs this program. */
const systemPath = '/usr/bin:/bin:/usr/sbin:/sbin';

/** A name service that does not answer must not hold up a start for ever. */
const answersWithinMs = 10_000;

/** @throws {StartError} `USER_UNKNOWN` */
export function identityOf(user: string): Identity {
  const [uid, gid, groups] = (['-u', '-g', '-G'] as const).map((option) => ask(option, user));
  const [uidNumber, gidNumber] = [Number(uid), Number(gid)];
  if (!Number.isInteger(uidNumber) || !Number.isInteger(gidNumber))
    throw unknownUser(user, 'id gave no number');
  return { user, uid: uidNumber, gid: gidNumber, groups: (groups ?? '').split(' ').map(Number) };
}

function ask(option: string, user: string): string {
  try {
    const answer = execFileSync('id', [option, '--', user], {
      encoding: 'utf8',
      env: { PATH: systemPath, LC_ALL: 'C' },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: answersWithinMs,
    }).trim();
    if (answer === '') throw new Error('id gave no answer');
    return answer;
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : '';
    throw unknownUser(user, said === '' ? (error instanceof Error ? error.message : String(error)) : said);
  }
}

function unknownUser(user: string, reason: string): StartError {
  return new StartError(
    'USER_UNKNOWN',
    `Looking for the user "${user}" of the configuration: ${reason}.`,
    `Make the user (useradd --system --shell /usr/sbin/nologin ${user}), or name another one.`,
  );
}
