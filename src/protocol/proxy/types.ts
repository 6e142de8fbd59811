// The types of the PROXY protocol: what a header says, and what bytes at the beginning of a connection are.

/** One end of a connection. */
export interface ProxyEndpoint {
  /** In canonical form; an IPv4-mapped IPv6 address is the IPv4 address in it. */
  readonly address: string;
  readonly port: number;
}

/**
 * What a header says of the connection that is passed on:
 *
 * - `client`: between which ends it is.
 * - `none`: that it is not known (UNKNOWN, UNSPEC, a Unix-domain socket), or that there is none: the balancer has connected
 *   for itself, to see whether we live (LOCAL).
 */
export type ProxySource =
  | { readonly kind: 'client'; readonly client: ProxyEndpoint; readonly destination: ProxyEndpoint }
  | { readonly kind: 'none' };

export type ProxyHeaderVerdict =
  /** The beginning of a header: more bytes are needed. */
  | { readonly kind: 'more' }
  /** No header, or a malformed one. The connection must be closed (section 2). */
  | { readonly kind: 'invalid'; readonly reason: string }
  /** @param octets - the length of the header: what follows are the first bytes of the client */
  | { readonly kind: 'header'; readonly octets: number; readonly source: ProxySource };
