// Where mail is handed over: a TCP port, a Unix-domain socket, or a part of Sluice that needs no socket. Promises: each endpoint
// has one text, by which the scheduler and people tell it from all others. An IP address is a fact that some endpoints have.

import { isIPv6 } from './ip-version.ts';

export interface TcpEndpoint {
  readonly kind: 'tcp';
  /** IPv4 or IPv6 in canonical text. */
  readonly ip: string;
  readonly port: number;
}

export interface UnixEndpoint {
  readonly kind: 'unix';
  /** Absolute. */
  readonly path: string;
}

/** No socket is opened: the name of a part of Sluice, such as `discard`. */
export interface InternalEndpoint {
  readonly kind: 'internal';
  readonly name: string;
}

/** What a socket can be connected to. */
export type SocketEndpoint = TcpEndpoint | UnixEndpoint;

export type HopEndpoint = SocketEndpoint | InternalEndpoint;

/** The one text of an endpoint: `192.0.2.1:25`, `[2001:db8::1]:25`, `unix:/run/dovecot/lmtp`, `discard`. */
export function endpointText(endpoint: HopEndpoint): string {
  switch (endpoint.kind) {
    case 'tcp':
      return isIPv6(endpoint.ip) ? `[${endpoint.ip}]:${endpoint.port}` : `${endpoint.ip}:${endpoint.port}`;
    case 'unix':
      return `unix:${endpoint.path}`;
    case 'internal':
      return endpoint.name;
  }
}
