// Starts the keys role in a process of its own: others reach it on a socket, and prove with a pass who they are.

import { keysSocketPath } from '../../channel/keys-socket.ts';
import { listenManagerSocket } from '../../channel/manager-socket.ts';
import type { Response } from '../../channel/messages.ts';
import { SocketChannel } from '../../channel/socket-channel.ts';
import type { Config } from '../../config/config.ts';
import type { Role } from '../role.ts';
import { answerOnHello, type KeysParts, KeysRole, type ToKeys } from './keys-role.ts';

interface StartParts extends KeysParts {
  /** The key of all passes to this process. */
  readonly passKey: string;
  /** Other users of the group of all processes may connect. */
  readonly isShared: boolean;
}

export async function startKeys(
  config: Config,
  { log, troubles, counters, passKey, isShared, store }: StartParts,
): Promise<Role> {
  const keys = KeysRole.start(config, { log, troubles, counters, store });
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
