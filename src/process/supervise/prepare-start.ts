// What the supervisor does before it starts the first process: everything that the roles find must be as they need it.

import type { GivenSocket } from '../../channel/messages.ts';
import type { Config } from '../../config/config.ts';
import type { Logger } from '../../log/logger.ts';
import { checkAllFree } from '../../receive/bind.ts';
import { checkCode, ownPlaces } from '../privileges/own-places.ts';
import type { RoleUsers } from '../privileges/role-users.ts';
import { findHanded } from '../service/handed-sockets.ts';
import { endLeftOvers } from '../running/life-sign.ts';
import { programPath } from './fork-role.ts';

/**
 * Ends what an earlier Sluice left behind, and gives files and folders to the users of the roles.
 * @param users - whom the roles run as; undefined: as this process
 * @param handed - sockets of the service manager
 * @throws {StartError} when the roles could not run
 */
export async function prepareStart(
  config: Config,
  users: RoleUsers | undefined,
  log: Logger,
  handed: readonly GivenSocket[],
): Promise<void> {
  await endLeftOvers(config.spool, log);
  if (users !== undefined) {
    checkCode(programPath, users);
    await ownPlaces(config, users, log);
  }
  const own = config.listen.filter((listen) => findHanded(handed, listen) === undefined);
  if (config.processes.receivers > 1) await checkAllFree(own);
}
