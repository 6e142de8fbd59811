// Warnings about the user that Sluice would run as if this user started it.

import type { Config } from '../config/config.ts';
import { queueSockets } from '../config/queue-sockets.ts';
import type { ConfigWarning } from '../config/read/config-warning.ts';
import { StartError } from '../errors/start-error.ts';
import { groupId } from '../process/privileges/group-id.ts';
import { socketFolderProblem } from '../process/privileges/own-places.ts';
import { roleUsers } from '../process/privileges/role-users.ts';

/** @param uid - user id of the caller */
export function userWarnings(config: Config, uid = process.getuid?.()): ConfigWarning[] {
  const ofGroups = groupWarnings(config);
  return ofGroups.length > 0 ? ofGroups : warningsOfUser(config, uid);
}

function groupWarnings(config: Config): ConfigWarning[] {
  const { control } = config;
  const named = [
    [['control', 'group'], control.group],
    [['control', 'read_only_group'], control.readOnlyGroup],
    ...queueSockets(config).map(({ queue, key, group }) => [['queues', queue, key], group] as const),
  ] as const;
  return named.flatMap(([path, group]) => {
    try {
      if (group !== undefined) groupId(group);
      return [];
    } catch (error) {
      if (!(error instanceof StartError)) throw error;
      return [{ path: [...path], message: `${error.message} ${error.advice}` }];
    }
  });
}

/** Programs that would run as root do not run. */
function warningsOfPrograms({ route }: Config): ConfigWarning[] {
  return route.flatMap((each, index) => {
    if (each.kind !== 'pipe' || each.way.kind !== 'pipe' || each.way.as !== undefined) return [];
    const message =
      'has no "as", and Sluice has no "user": no program runs as root, so this one does not run, and its mail waits; name a user with as';
    return [{ path: ['route', index, 'pipe'], message }];
  });
}

function warningsOfUser(config: Config, uid: number | undefined): ConfigWarning[] {
  if (uid === 0 && config.user === undefined) {
    const message =
      'not set: started by root, every process that talks to the network is root; name a user for them (docs/security.md)';
    return [{ path: ['user'], message }, ...warningsOfPrograms(config)];
  }
  try {
    const users = roleUsers(config, uid);
    const problem = users && socketFolderProblem(config, users);
    if (problem !== undefined) throw problem;
    return [];
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    return [{ path: ['user'], message: `${error.message} ${error.advice}` }];
  }
}
