// Where mail is handed over: a TCP port or a Unix-domain socket.

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

/** What a socket can be connected to. */
export type SocketEndpoint = TcpEndpoint | UnixEndpoint;
