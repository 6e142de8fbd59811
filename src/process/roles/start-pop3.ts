// Starts the POP3 role in a process of its own, with its links: to the keys process, which checks log-ins, and to the manager, which is told what was
// counted.

import { managerAt, ManagerLink } from '../../channel/manager-link.ts';
import { managerSocketPath } from '../../channel/manager-socket.ts';
import type { Pop3ToManager, RoleStart } from '../../channel/messages.ts';
import type { Config } from '../../config/config.ts';
import type { Bind } from '../../receive/bind.ts';
import type { DirectoryLink } from './directory-link.ts';
import { linkedDirectory } from './linked-keys.ts';
import { Pop3Role, type Pop3RoleParts } from './pop3-role.ts';

export interface StartedPop3 {
  readonly role: Pop3Role;
  readonly directory: DirectoryLink;
}

export async function startPop3(
  config: Config,
  { index, serial, pass, keysPass }: RoleStart,
  parts: Omit<Pop3RoleParts, 'directory' | 'post'>,
  bind: Bind | undefined,
): Promise<StartedPop3> {
  const { counters } = parts;
  const directory = linkedDirectory(config, { role: 'pop3', index, serial, pass: keysPass });
  const link = new ManagerLink<Pop3ToManager, never>({
    connect: managerAt(managerSocketPath(config.spool)),
    hello: () => ({ kind: 'hello', role: 'pop3', index, serial, pass, counters: counters.counts }),
    repeat: false,
    take: () => undefined,
    lost: () => undefined,
  });
  void link.open();
  const role = await Pop3Role.start(
    config,
    { ...parts, directory, post: (message) => link.post(message) },
    bind,
  );
  return { role, directory };
}
