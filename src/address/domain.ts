// Domains as SMTP writes them (RFC 5321 4.1.2, 4.1.3): names, address literals, and their normal form (lower-case A-labels,
// RFC 5890), which is what routing and limits compare.

import { isIPv4 } from 'node:net';
import { checkDomain, toAscii, withoutFinalDot } from '../values/domain-name.ts';
import { isIPv6 } from '../values/ip-version.ts';

/**
 * Is the text an address literal with an IP address, `[192.0.2.1]` or `[IPv6:2001:db8::1]` (RFC 5321 4.1.3)? A
 * General-address-literal is not one: no tag but `IPv6` was ever registered, so mail to it could not be delivered.
 */
export function isAddressLiteral(domain: string): boolean {
  return addressOfLiteral(domain) !== undefined;
}

/** The IP address inside an address literal, `192.0.2.1` or `2001:db8::1`; undefined for any other text. */
export function addressOfLiteral(domain: string): string | undefined {
  if (!domain.startsWith('[') || !domain.endsWith(']')) return undefined;
  const inner = domain.slice(1, -1);
  if (isIPv4(inner)) return inner;
  if (inner.slice(0, 5).toLowerCase() !== 'ipv6:') return undefined;
  const address = inner.slice(5);
  return isSmtpIpv6(address) ? address : undefined;
}

function isSmtpIpv6(address: string): boolean {
  if (!isIPv6(address) || address.includes('%')) return false;
  if (!address.includes('::')) return true;
  // RFC 5321 4.1.3: "::" stands for at least two groups of zeros, so there may be at most six others.
  let groups = address.includes('.') ? 1 : 0;
  for (const group of address.split(':')) if (group !== '') groups++;
  return groups <= 6;
}

/**
 * The normal form of a domain: lower case, A-labels, without a final dot; an address literal in lower case.
 *
 * @returns undefined if it is neither a domain nor an address literal
 */
export function normalizeDomain(domain: string): string | undefined {
  if (domain.startsWith('[')) return isAddressLiteral(domain) ? domain.toLowerCase() : undefined;
  const bare = domain.slice(0, withoutFinalDot(domain, 0, domain.length));
  if (checkDomain(bare) !== 'ok') return undefined;
  return toAscii(bare);
}

/**
 * The domain of an address that was parsed before, in normal form; empty for the null path and for `postmaster` without a
 * domain. The address is not checked again: the domain is all that follows the last `@` (RFC 5321 4.1.2: a domain has none).
 */
export function domainOf(address: string): string {
  const at = address.lastIndexOf('@');
  return at === -1 ? '' : toAscii(address.slice(at + 1));
}
