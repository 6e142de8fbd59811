// Hosts that take connections and never say a word: what a dead destination looks like that does not even refuse.

import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';

export interface SilentHost {
  /** Connections that it ever had, and those that the client has closed. */
  readonly opened: () => number;
  readonly closed: () => number;
  close(): Promise<void>;
}

/** Listens on these addresses, or with `0.0.0.0` on all that nobody else listens on. */
export async function startSilentHost(addresses: readonly string[], port: number): Promise<SilentHost> {
  const sockets = new Set<Socket>();
  let opened = 0;
  let closed = 0;
  const take = (socket: Socket): void => {
    opened++;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => {
      closed++;
      sockets.delete(socket);
    });
    socket.resume();
  };
  const servers = await Promise.all(
    addresses.map(async (host) => {
      const server = createServer(take).listen({ host, port, backlog: 4096 });
      await once(server, 'listening');
      return server;
    }),
  );
  return {
    opened: () => opened,
    closed: () => closed,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()));
    },
  };
}
