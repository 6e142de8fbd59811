// The domain of a path in the one form that routing compares: lower-case A-labels without a final dot, or a canonical
// address literal (RFC 5321 4.1.2, 4.1.3; RFC 5890 2.3.2.1).

import { addressOfLiteral, normalizeDomain } from '../address/domain.ts';
import { canonicalIp } from '../values/ip-address.ts';

/** The text after the last `@`, unchanged; empty when there is no `@` (`Postmaster`, RFC 5321 4.5.1). */
export function spelledDomain(path: string): string {
  const at = path.lastIndexOf('@');
  return at === -1 ? '' : path.slice(at + 1);
}

/**
 * The canonical form of a domain or an address literal: `[ipv6:2001:DB8:0::1]` and `[IPv6:2001:db8::1]` are one route.
 * Any other text is returned in lower case; `isHostName` tells it from a domain.
 */
export function canonicalDomain(text: string): string {
  const ip = addressOfLiteral(text);
  if (ip !== undefined) return ip.includes(':') ? `[IPv6:${canonicalIp(ip)}]` : text;
  return normalizeDomain(text) ?? text.toLowerCase();
}

/**
 * Whether a canonical name can be looked up as a mail domain or host: labels of letters, digits, `-` and `_`, of
 * lawful length (RFC 1035 2.3.4). RFC 5321 has no underscore, but there are hosts that are named with it.
 */
export function isHostName(name: string): boolean {
  return name.length <= 253 && /^(?:[a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}$/.test(name);
}
