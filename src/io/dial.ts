// Opens outgoing sockets, by TCP or to a Unix-domain socket. Who needs connections is handed a `Dial`, and never opens a socket by
// itself: so a test or another way to connect replaces this one function.

import { connect, type OnReadOpts, type Socket } from 'node:net';
import type { SocketEndpoint } from '../values/hop-endpoint.ts';

export interface DialOptions {
  /** Our own address to connect from; empty: the system chooses. A Unix-domain socket has none. */
  readonly source: string;
  /** Takes what arrives in clear. */
  readonly onread: OnReadOpts;
}

/** Begins to connect, and returns the socket at once: it tells of the connection, or of the failure, by its events. */
export type Dial = (to: SocketEndpoint, options: DialOptions) => Socket;

/** Connects by the system's sockets. See `Dial`. */
export function dial(to: SocketEndpoint, { source, onread }: DialOptions): Socket {
  if (to.kind === 'unix') return connect({ path: to.path, onread });
  const { ip: host, port } = to;
  return source === ''
    ? connect({ host, port, noDelay: true, onread })
    : connect({ host, port, noDelay: true, localAddress: source, onread });
}
