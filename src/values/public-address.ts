// Is an IP address one of the public internet? Texts of strangers may name hosts, and must not lead us into networks of our own.

import ipaddr from 'ipaddr.js';

/** False for loopback, private, link-local, shared, reserved, documentation and multicast addresses, and for texts that are none. */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  // `process` takes an IPv4-mapped address for the IPv4 address that it stands for.
  return ipaddr.process(address).range() === 'unicast';
}
