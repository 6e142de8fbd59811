// What `sluice init` finds on this host, as the answers that it proposes.

import { existsSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import ipaddr from 'ipaddr.js';
import { systemHostname } from '../../config/read/system-hostname.ts';
import { identityOf } from '../../process/privileges/identity.ts';

export interface HostFacts {
  readonly hostname: string;
  readonly isRoot: boolean;
  /** Private networks (RFC 1918, RFC 4193) that this host has an address in, in text. */
  readonly networks: readonly string[];
  /** Whether the system has a user of this name. */
  readonly hasUser: (name: string) => boolean;
  /** The LMTP socket of Dovecot, where it is there. */
  readonly lmtp: string | undefined;
}

interface InterfaceAddress {
  readonly cidr: string | null;
  readonly internal: boolean;
}

const dovecotLmtp = '/run/dovecot/lmtp';

export function hostFacts(): HostFacts {
  return {
    hostname: systemHostname(),
    isRoot: process.getuid?.() === 0,
    networks: privateNetworks(networkInterfaces()),
    hasUser,
    lmtp: existsSync(dovecotLmtp) ? `unix:${dovecotLmtp}` : undefined,
  };
}

function hasUser(name: string): boolean {
  try {
    identityOf(name);
    return true;
  } catch {
    return false;
  }
}

/** @param interfaces - as Node's `networkInterfaces` gives them */
export function privateNetworks(interfaces: NodeJS.Dict<readonly InterfaceAddress[]>): readonly string[] {
  const addresses = Object.values(interfaces).flatMap((each) => each ?? []);
  const networks = addresses.flatMap(({ cidr, internal }) =>
    internal || cidr === null || !isPrivate(cidr) ? [] : [networkOf(cidr)],
  );
  return [...new Set(networks)];
}

/** `10.1.2.3/24` is in the network `10.1.2.0/24`. */
function networkOf(cidr: string): string {
  const { IPv4, IPv6 } = ipaddr;
  const first = (cidr.includes(':') ? IPv6 : IPv4).networkAddressFromCIDR(cidr).toString();
  return `${first}/${cidr.slice(cidr.indexOf('/') + 1)}`;
}

function isPrivate(cidr: string): boolean {
  return /^(?:10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|f[cd][\da-f]{2}:)/i.test(cidr);
}
