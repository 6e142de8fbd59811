// Addresses of simulated hosts: counted up from a first one, or made up where the file names none.

import ipaddr from 'ipaddr.js';
import { canonicalIp } from '../values/ip-address.ts';
import type { Network } from '../values/network.ts';
import { isIP } from '../values/ip-version.ts';

/** The address that is `count` after this one, in canonical text. */
export function addressAfter(ip: string, count: number): string {
  const bytes = ipaddr.parse(ip).toByteArray();
  let carry = count;
  for (let at = bytes.length - 1; at >= 0 && carry > 0; at--) {
    const sum = (bytes[at] ?? 0) + (carry & 255);
    bytes[at] = sum & 255;
    carry = (carry >>> 8) + (sum >> 8);
  }
  return canonicalIp(ipaddr.fromByteArray(bytes).toString());
}

/** The addresses of a network, at most so many; single addresses are networks, too. */
export function addressesOf({ address, prefix }: Network, most: number): string[] {
  const bits = (address.includes(':') ? 128 : 32) - prefix;
  const count = Math.min(most, 2 ** Math.min(bits, 20));
  return Array.from({ length: count }, (_, index) => addressAfter(address, index));
}

const networks = 16 * 65_536;

/** An address in a network of its own, in the unused 240.0.0.0/4 (RFC 1112 4), so that no limit names it. */
export function madeUpAddress(number: number): string {
  const network = number % networks;
  const host = 25 + (Math.floor(number / networks) % 200);
  return `${240 + (network >> 16)}.${(network >> 8) & 255}.${network & 255}.${host}`;
}

/** Is it an IP address, and no name? */
export function isAddress(text: string): boolean {
  return isIP(text) !== 0;
}
