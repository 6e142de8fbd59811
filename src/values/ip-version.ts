// Which text is an IP address: what `isIP` of node:net says, without its expression for IPv6, which takes up to 0.2 s of a start when it is first
// used: each command has a default with such an address.

import { isIPv4 } from 'node:net';

/** 0: it is none. A zone is taken, as in `fe80::1%eth0`. */
export function isIP(text: string): 0 | 4 | 6 {
  if (isIPv4(text)) return 4;
  return isIPv6(text) ? 6 : 0;
}

/** Is it an IPv6 address in a form of RFC 4291, section 2.2, with a zone (RFC 4007, section 11) or without? */
export function isIPv6(text: string): boolean {
  if (text.indexOf(':') === text.lastIndexOf(':')) return false;
  const zone = text.indexOf('%');
  if (zone !== -1 && !/^[\da-zA-Z.:-]+$/u.test(text.slice(zone + 1))) return false;
  const address = zone === -1 ? text : text.slice(0, zone);
  const left = address.indexOf('::');
  if (left === -1) return pieces(address, true) === 8;
  const before = left === 0 ? 0 : pieces(address.slice(0, left), false);
  const after = left + 2 === address.length ? 0 : pieces(address.slice(left + 2), true);
  return before + after < 8;
}

/** How many pieces of 16 bits it has, where an IPv4 address may be the last two; more than there can be, when one of them is no piece. */
function pieces(text: string, maybeIpv4: boolean): number {
  const parts = text.split(':', 9);
  const last = maybeIpv4 && isIPv4(parts.at(-1) ?? '') ? parts.pop() : undefined;
  if (!parts.every((part) => /^[\da-fA-F]{1,4}$/u.test(part))) return 9;
  return parts.length + (last === undefined ? 0 : 2);
}
