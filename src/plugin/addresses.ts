// What plugins often need to know of IP addresses. Pure.

import { reverseName } from '../dns/reverse-name.ts';

export { networkAround } from '../values/network.ts';

/**
 * The name under which a DNS list has an address (RFC 5782 2.1, 2.4): `2.0.0.127.list.example` for 127.0.0.2.
 * @throws {TypeError} when it is no address
 */
export function listedName(address: string, list: string): string {
  const name = reverseName(address);
  if (name === undefined) throw new TypeError(`${JSON.stringify(address)} is no IP address`);
  return name.replace(/(?:in-addr|ip6)\.arpa$/u, list);
}
