// Hosts that accept connections and never send a greeting, as some dead destinations do.

import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';

export interface SilentHost {
  /** Connections accepted so far, and how many of them have ended. */
  readonly opened: () => number;
  readonly closed: () => number;
  close(): Promise<void>;
}

/** Listens on these addresses; `0.0.0.0`: on all addresses that no other socket listens on. */
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
