// Starts the keys role in a process of its own: others reach it on a socket, and prove with a pass who they are.

import { keysSocketPath } from '../../channel/keys-socket.ts';
import { listenManagerSocket } from '../../channel/manager-socket.ts';
import type { Response } from '../../channel/messages.ts';
import { SocketChannel } from '../../channel/socket-channel.ts';
import type { Config } from '../../config/config.ts';
import type { Logger } from '../../log/logger.ts';
import type { StoreChange } from '../../directory/password-change.ts';
import type { Troubles } from '../../stats/troubles.ts';
import type { Role } from '../role.ts';
import { answerOnHello, KeysRole, type ToKeys } from './keys-role.ts';

interface StartParts {
  readonly log: Logger;
  readonly troubles: Troubles;
  /** The key of all passes to this process. */
  readonly passKey: string;
  /** Other users of the group of all processes may connect. */
  readonly isShared: boolean;
  readonly store: StoreChange;
}

export async function startKeys(
  config: Config,
  { log, troubles, passKey, isShared, store }: StartParts,
): Promise<Role> {
  const keys = KeysRole.start(config, log, troubles, store);
  const server = await listenManagerSocket(
    keysSocketPath(config.spool),
    (socket) => {
      const channel = new SocketChannel<Response, ToKeys>(socket);
      channel.onBroken(({ message }) => log.error(`the keys process closed a connection. ${message}`));
      channel.receive(answerOnHello(keys, channel, passKey, log));
    },
    isShared,
  );
  return {
    facts: keys.facts,
    configure: (next) => keys.configure(next),
    drain: () => keys.drain(),
    stop: async () => {
      server.close();
      await keys.stop();
    },
  };
}
