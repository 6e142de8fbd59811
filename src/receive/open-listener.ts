// Opens the socket of a listener: one that somebody else has opened already, a Unix-domain socket, or a port.

import type { Server } from 'node:net';
import { listenUnix } from '../io/unix-listener.ts';
import type { ListenerFacts } from '../policy/stage.ts';
import type { Troubles } from '../stats/troubles.ts';
import type { ListenAddress } from '../values/listen-address.ts';
import { type Bind, listenOnDescriptor, socketError, type TakeSocket } from './bind.ts';

/** Where a listener listens, and how. */
export interface ListenerPlace {
  readonly address: ListenAddress;
  readonly facts: { readonly kind: ListenerFacts['kind'] | 'pop3' };
  /** Several processes listen on the port. */
  readonly isShared: boolean;
  /** The permissions of a Unix-domain socket. */
  readonly socketMode: number;
  /** The name of a socket that the service manager hands over. */
  readonly socketName?: string | undefined;
}

/** What a listener works with. */
export interface ListenerParts {
  /** Binds TCP ports: in this process, or with the help of another. */
  readonly bind: Bind;
  /** Sockets that somebody else has opened; none unless given. */
  readonly handed?: TakeSocket | undefined;
  readonly troubles: Troubles;
}

/**
 * Makes the server listen. Resolves to the address, with the port that the system chose for port 0.
 * @throws {StartError} `LISTEN_FAILED` or `SUBMISSION_SOCKET` when the address cannot be had
 */
export async function openListener(
  server: Server,
  { address, facts, isShared, socketMode, socketName }: ListenerPlace,
  { bind, handed }: ListenerParts,
): Promise<ListenAddress> {
  const descriptor = handed?.(address, socketName);
  if (descriptor !== undefined) {
    await listenOnDescriptor(server, descriptor, address);
  } else if (address.kind === 'unix') {
    try {
      await listenUnix(server, address.path, socketMode);
    } catch (error) {
      throw socketError(address.path, facts.kind, error);
    }
  } else {
    await bind(server, address, isShared);
  }
  const bound = server.address();
  return typeof bound === 'object' && bound !== null
    ? { kind: 'tcp', host: bound.address, port: bound.port }
    : address;
}
