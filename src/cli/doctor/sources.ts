// The addresses that mail leaves from: those of [[source]], or those that the system chooses on the way to the Internet.

import { createSocket } from 'node:dgram';
import ipaddr from 'ipaddr.js';
import type { Config } from '../../config/config.ts';
import { isIPv6 } from '../../values/ip-version.ts';

export interface SourceAddress {
  readonly address: string;
  readonly heloName: string;
  /** A [[source]]; otherwise the system chooses it. */
  readonly isConfigured: boolean;
  readonly isPrivate: boolean;
}

/** Reserved for documentation: no packet is sent, the kernel only looks for a route. */
const farAway = { 4: '192.0.2.1', 6: '2001:db8::1' } as const;

/** Whether mail leaves for the servers of other domains, and not only for smarthosts and mailbox servers. */
export function deliversToMx({ route }: Config): boolean {
  const fallback = route.find(({ domain, sender }) => domain.length === 0 && sender.length === 0);
  return fallback === undefined || fallback.kind === 'mx' || route.some(({ kind }) => kind === 'mx');
}

export async function sourceAddresses({ source, deliver }: Config): Promise<readonly SourceAddress[]> {
  if (source.length > 0)
    return source.map(({ address, heloName }) => ({
      address,
      heloName,
      isConfigured: true,
      isPrivate: isPrivate(address),
    }));
  const families = ([4, 6] as const).filter((family) => (family === 4 ? deliver.ipv4 : deliver.ipv6));
  const chosen = await Promise.all(families.map((family) => routedFrom(farAway[family])));
  return chosen.flatMap((address) =>
    address === undefined
      ? []
      : [{ address, heloName: deliver.heloName, isConfigured: false, isPrivate: isPrivate(address) }],
  );
}

/** @returns undefined without a route */
function routedFrom(destination: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket(isIPv6(destination) ? 'udp6' : 'udp4');
    const end = (address: string | undefined): void => {
      socket.close();
      resolve(address);
    };
    socket.once('error', () => end(undefined));
    // With a callback, Node would call it for an error, too.
    socket.once('connect', () => end(socket.address().address));
    socket.connect(53, destination);
  });
}

const privateRanges: ReadonlySet<string> = new Set([
  'private',
  'carrierGradeNat',
  'loopback',
  'linkLocal',
  'uniqueLocal',
  'unspecified',
]);

/** Not to be seen by other networks. */
export function isPrivate(address: string): boolean {
  return privateRanges.has(ipaddr.process(address.split('%')[0] ?? '').range());
}
