// The network of a given size that an address is in.

import ipaddr from 'ipaddr.js';

import { parseIpAddress } from './ip-address.ts';
import { formatNetwork } from './network.ts';

/** Lengths of prefixes, in bits. */
export interface NetworkSizes {
  readonly ipv4: number;
  readonly ipv6: number;
}

/**
 * `192.0.2.0/24`, `2001:db8:1:2::/64`, or the address itself where the size is that of one address. IPv4 in IPv6 form (RFC 4291 2.5.5.2) counts
 * as IPv4.
 * @param ip - perhaps with a zone
 * @returns the text itself when it is no address
 */
export function maskedNetwork(ip: string, sizes: NetworkSizes): string {
  const [plain = ''] = ip.split('%', 1);
  const read = parseIpAddress(plain);
  if (read === undefined) return ip;
  const address = read instanceof ipaddr.IPv6 && read.isIPv4MappedAddress() ? read.toIPv4Address() : read;
  if (address instanceof ipaddr.IPv4) {
    const prefix = Math.min(sizes.ipv4, 32);
    const first = ipaddr.IPv4.networkAddressFromCIDR(`${address.toString()}/${prefix}`);
    return formatNetwork({ address: first.toString(), prefix });
  }
  const prefix = Math.min(sizes.ipv6, 128);
  const first = ipaddr.IPv6.networkAddressFromCIDR(`${address.toString()}/${prefix}`);
  return formatNetwork({ address: first.toRFC5952String(), prefix });
}
