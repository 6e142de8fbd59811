// IP addresses as text: read as people write them, and the one form in which they are compared (RFC 4291 2.2, RFC 5952).

import ipaddr from 'ipaddr.js';

/** Reads an address without a zone; undefined when it is none. IPv4 has four decimal parts here, nothing shorter. */
export function parseIpAddress(text: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return ipaddr.IPv4.parse(text);
  return ipaddr.IPv6.isValid(text) && !text.includes('%') ? ipaddr.IPv6.parse(text) : undefined;
}

/** RFC 5952 text of an IPv6 address; IPv4 has only one form. `ip` is an IP address without a zone. */
export function canonicalIp(ip: string): string {
  return ip.includes(':') ? ipaddr.IPv6.parse(ip).toRFC5952String() : ip;
}

/** `192.0.2.1` for `::ffff:192.0.2.1`, as which an IPv4 client of a dual-stack socket shows; others as they are. */
export function withoutMapping(ip: string): string {
  return ip.startsWith('::ffff:') && ip.includes('.') ? ip.slice(7) : ip;
}
