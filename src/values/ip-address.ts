// IP addresses as text: reading what people write, and the canonical form for comparisons (RFC 4291 2.2, RFC 5952).

import ipaddr from 'ipaddr.js';

/** Reads an address without a zone; undefined for any other text. An IPv4 address must have four decimal parts. */
export function parseIpAddress(text: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return ipaddr.IPv4.parse(text);
  return ipaddr.IPv6.isValid(text) && !text.includes('%') ? parseIpv6(text) : undefined;
}

/** The library takes `::192.0.2.1`, a deprecated IPv4-compatible address (RFC 4291 2.5.5.1), for the IPv4-mapped one. */
function parseIpv6(text: string): ipaddr.IPv6 {
  if (!/^::\d+\./.test(text)) return ipaddr.IPv6.parse(text);
  const { parts } = ipaddr.IPv6.parse(`::ffff:${text.slice(2)}`);
  return new ipaddr.IPv6([0, 0, 0, 0, 0, 0, ...parts.slice(6)]);
}

/** The text of an address by RFC 5952; IPv4 has only one form. @param ip - an IP address without a zone */
export function canonicalIp(ip: string): string {
  return ip.includes(':') ? parseIpv6(ip).toRFC5952String() : ip;
}

/** `192.0.2.1` for `::ffff:192.0.2.1`, the address of an IPv4 client on a dual-stack socket; other addresses unchanged. */
export function withoutMapping(ip: string): string {
  return ip.startsWith('::ffff:') && ip.includes('.') ? ip.slice(7) : ip;
}

/** One text for each address: canonical, and an IPv4-mapped IPv6 address is the IPv4 address in it. @param ip - without a zone */
export function plainIp(ip: string): string {
  if (!ip.includes(':')) return ip;
  const address = parseIpv6(ip);
  return address.isIPv4MappedAddress() ? address.toIPv4Address().toString() : address.toRFC5952String();
}
