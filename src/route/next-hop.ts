// Makes next hops: what identifies one, and the facts that limits look at, are worked out once, when a route is looked up.

import { endpointText, type SocketEndpoint } from '../values/hop-endpoint.ts';
import type { DiscardHop, NextHopAddress, SocketHop } from './types.ts';

export function socketHop(
  transport: SocketHop['transport'],
  endpoint: SocketEndpoint,
  host: string,
  preference: number,
): SocketHop {
  const ip = endpoint.kind === 'tcp' ? endpoint.ip : '';
  return { transport, endpoint, key: endpointText(endpoint), ip, host, preference };
}

/** A host that takes mail by SMTP. @param ip - canonical text */
export function smtpHop(host: string, ip: string, port: number, preference: number): SocketHop {
  return socketHop('smtp', { kind: 'tcp', ip, port }, host, preference);
}

const nowhere = { kind: 'internal', name: 'discard' } as const;
const key = endpointText(nowhere);

export const discardHop: DiscardHop = {
  transport: 'discard',
  endpoint: nowhere,
  key,
  ip: '',
  host: key,
  preference: 0,
};

/** Is it reached by a socket, and no way out that ends on this host? */
export function isSocketHop(hop: NextHopAddress): hop is SocketHop {
  return hop.endpoint.kind !== 'internal';
}
