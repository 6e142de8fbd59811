// The network of an address, as limits count it: the /24 of IPv4, the /64 of IPv6.

import ipaddr from 'ipaddr.js';

/** `192.0.2.0/24` or `2001:db8::/64`. */
export function networkOf(ip: string): string {
  if (!ip.includes(':')) return `${ip.slice(0, ip.lastIndexOf('.'))}.0/24`;
  return `${ipaddr.IPv6.networkAddressFromCIDR(`${ip}/64`).toRFC5952String()}/64`;
}
