// Binds a port, and says in words what keeps a listener from its address.

import { createServer, type Server } from 'node:net';
import { StartError } from '../errors/start-error.ts';
import type { ListenerFacts } from '../policy/stage.ts';
import { type Endpoint, formatEndpoint } from '../values/endpoint.ts';
import { formatListenAddress, type ListenAddress } from '../values/listen-address.ts';

/** Connections that wait to be accepted. */
export const backlog = 1024;

/** Makes the server listen. @throws {StartError} `LISTEN_FAILED` when the address cannot be had */
export type Bind = (server: Server, address: Endpoint, isShared: boolean) => Promise<void>;

/**
 * The descriptor of a socket that listens already, because somebody else opened it; undefined: there is none for this listener.
 * @throws {StartError} `LISTEN_FAILED` when it was given up
 */
export type TakeSocket = (address: ListenAddress, socketName: string | undefined) => number | undefined;

/** Listens on a socket that somebody else opened. It is closed with the server. */
export function listenOnDescriptor(server: Server, fd: number, address: ListenAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = ({ message }: Error): void =>
      reject(new StartError('LISTEN_FAILED', `Listening on ${formatListenAddress(address)}: ${message}.`));
    server.once('error', failed);
    server.listen({ fd, backlog }, () => {
      server.off('error', failed);
      resolve();
    });
  });
}

/** Binds in this process. */
export const bindHere: Bind = (server, address, isShared) => {
  const { host, port } = address;
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException): void => reject(listenError(address, error));
    server.once('error', failed);
    server.listen({ host, port, reusePort: isShared, backlog }, () => {
      server.off('error', failed);
      resolve();
    });
  });
};

/**
 * Checks that no other program listens on the ports: with SO_REUSEPORT it would share them, and get a part of the mail.
 * @throws {StartError} `LISTEN_FAILED` when an address cannot be bound
 */
export async function checkAllFree(all: readonly { readonly address: ListenAddress }[]): Promise<void> {
  for (const { address } of all) if (address.kind === 'tcp') await checkFree(address);
}

async function checkFree(address: Endpoint): Promise<void> {
  const server = createServer();
  await bindHere(server, address, false);
  await new Promise((resolve) => {
    server.close(resolve);
  });
}

/** The error for a Unix-domain socket that cannot be made. */
export function socketError(path: string, kind: ListenerFacts['kind'] | 'pop3', error: unknown): StartError {
  const reason = error instanceof Error ? error.message : String(error);
  if (kind === 'submission') {
    return new StartError(
      'SUBMISSION_SOCKET',
      `Creating the submission socket ${path}: ${reason}.`,
      'Set submission_socket to a path of at most 100 bytes of its own, in a folder that Sluice may write.',
    );
  }
  return new StartError(
    'LISTEN_FAILED',
    `Creating the socket ${path}: ${reason}.`,
    'Set address under [[listen]] to a path of at most 100 bytes of its own, in a folder that Sluice may write.',
  );
}

/** The error for an address that cannot be had. @param error - with the system's code */
export function listenError(address: Endpoint, error: NodeJS.ErrnoException): StartError {
  const where = `Listening on ${formatEndpoint(address)}`;
  switch (error.code) {
    case 'EADDRINUSE':
      return new StartError(
        'LISTEN_FAILED',
        `${where}: the port is in use.`,
        'Stop the program that listens there, or set another address under [[listen]].',
      );
    case 'EACCES':
      return new StartError(
        'LISTEN_FAILED',
        `${where}: not permitted.`,
        'Ports below 1024 need root or the capability CAP_NET_BIND_SERVICE. Start Sluice as root with user = "..." in the configuration and several processes (processes.single_process = false): only the supervisor stays root then.',
      );
    case 'EADDRNOTAVAIL':
      return new StartError(
        'LISTEN_FAILED',
        `${where}: this machine has no such address.`,
        'Set an address of this machine under [[listen]].',
      );
    // libuv shares ports by SO_REUSEPORT only where the kernel spreads connections over all who listen: Linux, FreeBSD and some others.
    case 'ENOTSUP':
      return new StartError(
        'LISTEN_FAILED',
        `${where}: this system cannot share a port among several processes.`,
        'Set processes.receivers = 1 in the configuration.',
      );
    default:
      return new StartError('LISTEN_FAILED', `${where}: ${error.message}.`);
  }
}
