// The directory for a process beside the keys process: it links to that one while the configuration has a directory.

import { keysSocketPath } from '../../channel/keys-socket.ts';
import { managerAt, ManagerLink } from '../../channel/manager-link.ts';
import type { Asked, Hello, Response } from '../../channel/messages.ts';
import type { Config } from '../../config/config.ts';
import { DirectoryLink } from './directory-link.ts';

/** Who asks, with its pass for the keys process. */
export type Asker = Pick<Hello, 'role' | 'index' | 'serial'> & { readonly pass: string | undefined };

export function linkedDirectory(config: Config, { pass = '', ...asker }: Asker): DirectoryLink {
  const directory = new DirectoryLink(
    (ends) =>
      new ManagerLink<Asked, Response>({
        connect: managerAt(keysSocketPath(config.spool)),
        hello: () => ({ kind: 'hello', pass, ...asker }),
        repeat: false,
        take: (batch) => ends.take(batch),
        lost: () => ends.lost(),
      }),
  );
  directory.configure(config);
  return directory;
}
