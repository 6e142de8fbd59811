// Which user each role runs as. Only root can start processes as other users; every other caller must be the user of the
// configuration already.

import type { Config } from '../../config/config.ts';
import { queueSockets } from '../../config/queue-sockets.ts';
import { StartError } from '../../errors/start-error.ts';
import type { RoleName } from '../role.ts';
import { groupId } from './group-id.ts';
import { type Identity, identityOf } from './identity.ts';

export interface RoleUsers {
  /** The group that all roles share: the primary group of `user`. */
  readonly gid: number;
  /** The group that may add mail to the spool: the primary group of the receivers' user. */
  readonly writersGid: number;
  readonly of: Readonly<Record<RoleName, Identity>>;
}

const roles = [
  'manager',
  'receiver',
  'sender',
  'keys',
  'control',
  'pop3',
] as const satisfies readonly RoleName[];

/**
 * The users of the roles; undefined when they run as the caller.
 * @param callerUid - user id of this process
 * @throws {StartError} `GROUP_UNKNOWN`, `USER_UNKNOWN`, `USER_ROOT`, or `USER_OTHER` when the caller is neither root nor the user
 */
export function roleUsers(
  config: Pick<Config, 'user' | 'users' | 'control' | 'controlSocket' | 'processes' | 'queues'>,
  callerUid = process.getuid?.(),
): RoleUsers | undefined {
  const { user, users, control, processes } = config;
  if (user === undefined || callerUid === undefined) return undefined;
  if (callerUid !== 0) {
    const { uid } = identityOf(user);
    if (uid !== callerUid) throw otherUser(user, callerUid);
    return undefined;
  }
  const base = identityOf(user);
  // Root was asked for by name, and gets what it had without the key.
  if (base.uid === 0 && Object.values(users).every((each) => each === undefined)) return undefined;
  const own = Object.fromEntries(roles.map((role) => [role, ownOf(userOf(role, users), base)])) as Record<
    RoleName,
    Identity
  >;
  const of = Object.fromEntries(roles.map((role) => [role, inGroup(own[role], base.gid)])) as Record<
    RoleName,
    Identity
  >;
  // The control process gives its sockets to the groups of operators, as only their members may (chown(2)).
  const ofQueues = queueSockets(config).map(({ group }) => group);
  const operators = [control.group, control.readOnlyGroup, ...ofQueues]
    .filter((group) => group !== undefined)
    .map(groupId);
  const inOperators = (identity: Identity): Identity => ({
    ...identity,
    groups: [...new Set([...identity.groups, ...operators])],
  });
  const manager = processes.singleProcess ? inOperators(of.manager) : of.manager;
  return {
    gid: base.gid,
    writersGid: own.receiver.gid,
    of: { ...of, manager, control: inOperators(of.control) },
  };
}

/** Who serves mailboxes must be who delivers into them. */
function userOf(role: RoleName, users: Config['users']): string | undefined {
  return users[role === 'pop3' ? 'sender' : role];
}

/** All roles have the shared group first: what they make belongs to it. */
function inGroup(own: Identity, gid: number): Identity {
  return { ...own, gid, groups: [...new Set([gid, own.gid, ...own.groups])] };
}

function ownOf(name: string | undefined, base: Identity): Identity {
  const own = name === undefined ? base : identityOf(name);
  if (own.uid === 0 || base.gid === 0 || own.groups.includes(0)) {
    const key = name === undefined ? `user = "${base.user}"` : `"${own.user}" in [users]`;
    throw new StartError(
      'USER_ROOT',
      `Starting the processes as other users: ${key} is root, or in the group of root.`,
      'Name a user who has no rights beyond the mail, as docs/security.md describes.',
    );
  }
  return own;
}

function otherUser(user: string, uid: number): StartError {
  return new StartError(
    'USER_OTHER',
    `Starting: the configuration has user = "${user}", and this process runs as another user (${uid}).`,
    `Start it as root, or as that user (runuser -u ${user} -- sluice serve ...); or take the key out of the configuration.`,
  );
}
