// A name server that sends whatever the test tells it to, byte for byte.

import { createSocket, type RemoteInfo, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import {
  createResolver,
  type NameServer,
  type Resolver,
  type ResolverOptions,
} from '../../src/dns/resolver.ts';
import { resolverDefaults } from './server-and-resolver.ts';

export type OnDatagram = (
  query: Buffer,
  send: (message: Buffer) => void,
  socket: UdpSocket,
  peer: RemoteInfo,
) => void;
export type OnConnection = (socket: Socket) => void;

/** UDP, and TCP on the same port if `onConnection` is given. */
export async function startRawServer(
  t: TestContext,
  onDatagram: OnDatagram,
  onConnection?: OnConnection,
): Promise<NameServer> {
  const udp = createSocket('udp4');
  const tcp = createServer(onConnection);
  const connections = new Set<Socket>();
  tcp.on('connection', (socket) => {
    connections.add(socket);
    socket.on('error', () => {});
  });
  tcp.listen(0, '127.0.0.1');
  await once(tcp, 'listening');
  const address = tcp.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  udp.bind(port, '127.0.0.1');
  await once(udp, 'listening');
  if (onConnection === undefined) tcp.close();
  udp.on('message', (query, peer) => {
    onDatagram(query, (message) => udp.send(message, peer.port, peer.address), udp, peer);
  });
  t.after(() => {
    udp.close();
    tcp.close();
    for (const socket of connections) socket.destroy();
  });
  return { address: '127.0.0.1', port };
}

export function resolverOn(
  t: TestContext,
  servers: readonly NameServer[],
  options: Partial<ResolverOptions> = {},
): Resolver {
  const resolver = createResolver({ ...resolverDefaults, servers, ...options });
  t.after(() => resolver.close());
  return resolver;
}

/** The message with its length before it (RFC 1035 4.2.2). */
export function framed(message: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length);
  return Buffer.concat([length, message]);
}
