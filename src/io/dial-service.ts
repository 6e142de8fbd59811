// Connects to a program that serves this host: by TCP, at a name of the system (/etc/hosts, DNS) or an IP address, or at a Unix-domain socket.

import { connect, type OnReadOpts, type Socket } from 'node:net';

export type ServiceAddress =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };

/** Begins to connect, and returns the socket at once: it tells of the connection, or of the failure, by its events. */
export type DialService = (to: ServiceAddress, onread: OnReadOpts) => Socket;

/** Connects by the system's sockets. See `DialService`. */
export function dialService(to: ServiceAddress, onread: OnReadOpts): Socket {
  if (to.kind === 'unix') return connect({ path: to.path, onread });
  return connect({ host: to.host, port: to.port, noDelay: true, onread });
}
