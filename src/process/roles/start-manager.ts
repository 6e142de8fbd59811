// Starts the manager in a process of its own: its socket, and then the manager, to which roles that connect are introduced.

import type { ManagerToReceiver, ManagerToSender, Response } from '../../channel/messages.ts';
import { listenManagerSocket } from '../../channel/manager-socket.ts';
import { SocketChannel } from '../../channel/socket-channel.ts';
import type { Config } from '../../config/config.ts';
import type { EventCounters } from '../../log/event-counters.ts';
import type { Logger } from '../../log/logger.ts';
import type { Signing } from '../../signing/outgoing-mail.ts';
import type { LiveSrs } from '../../srs/live-srs.ts';
import type { Troubles } from '../../stats/troubles.ts';
import type { Role } from '../role.ts';
import { introduceOnHello, type LinkedMessage } from './introduce-on-hello.ts';
import type { Later } from './later.ts';
import type { ManagerRole } from './manager-role.ts';

export interface ManagerProcessParts {
  readonly log: Logger;
  readonly troubles: Troubles;
  readonly signing: Signing;
  readonly srs: LiveSrs;
  readonly counters: EventCounters;
  /** The sender processes that run, and how the supervisor hears which of them are awaited. */
  readonly others: NonNullable<Parameters<typeof ManagerRole.start>[6]>;
}

export interface ManagerPlace {
  readonly path: string;
  /** Of all passes to the manager. */
  readonly passKey: string;
  /** Other users connect to it. */
  readonly isShared: boolean;
}

/** @param running - is told of the manager before any role is */
export async function startManager(
  config: Config,
  { log, troubles, signing, srs, counters, others }: ManagerProcessParts,
  { path, passKey, isShared }: ManagerPlace,
  running: Later<ManagerRole>,
): Promise<Role> {
  const started = Promise.withResolvers<ManagerRole>();
  // The socket before anything else: it keeps a second manager away from the spool.
  const server = await listenManagerSocket(
    path,
    (socket) => {
      const channel = new SocketChannel<ManagerToReceiver | ManagerToSender | Response, LinkedMessage>(
        socket,
      );
      channel.onBroken(({ message }) => log.error(`the manager closed a connection. ${message}`));
      void started.promise.then((manager) =>
        channel.receive(introduceOnHello(manager, channel, passKey, log)),
      );
    },
    isShared,
  );
  const { ManagerRole } = await import('./manager-role.ts');
  const manager = await ManagerRole.start(config, log, troubles, signing, srs, counters, others);
  running.isThere(manager);
  started.resolve(manager);
  return {
    facts: manager.facts,
    configure: (next) => manager.configure(next),
    drain: () => manager.drain(),
    stop: (graceMs) => manager.stop(graceMs, () => server.close()),
  };
}
