// Starts the control role in a process of its own, with its links: to the manager, and to the keys process, which knows the users.

import { managerAt, ManagerLink } from '../../channel/manager-link.ts';
import { managerSocketPath } from '../../channel/manager-socket.ts';
import type { Asked, Response, RoleStart } from '../../channel/messages.ts';
import type { Config } from '../../config/config.ts';
import type { Trail } from '../../crash/trail.ts';
import type { Logger } from '../../log/logger.ts';
import { ControlRole, type SupervisorAsks, type SupervisorTells } from './control-role.ts';
import type { DirectoryLink } from './directory-link.ts';
import { linkedDirectory } from './linked-keys.ts';

interface StartParts {
  readonly log: Logger;
  readonly asks: SupervisorAsks;
  readonly told: SupervisorTells;
  readonly trail: Trail;
}

export interface StartedControl {
  readonly role: ControlRole;
  readonly directory: DirectoryLink;
}

/** @throws {SluiceError} when a socket cannot be made */
export async function startControl(
  config: Config,
  { index, serial, pass, keysPass }: RoleStart,
  { log, asks, told, trail }: StartParts,
): Promise<StartedControl> {
  const directory = linkedDirectory(config, { role: 'control', index, serial, pass: keysPass });
  const link = new ManagerLink<Asked, Response>({
    connect: managerAt(managerSocketPath(config.spool)),
    hello: () => ({ kind: 'hello', role: 'control', index, serial, pass }),
    repeat: false,
    take: (batch) => role.take(batch),
    lost: () => role.managerLost(),
  });
  const role = new ControlRole(config, link, log, asks, told, directory, trail);
  // Operators are answered without a manager, too: they may ask because it is down.
  void link.open();
  await role.listen(config);
  return { role, directory };
}
