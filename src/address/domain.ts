// Domains as SMTP writes them (RFC 5321 4.1.2, 4.1.3): host names, address literals, and their normal form
// (lower-case A-labels, RFC 5890), which is what routing and limits compare.

import { isIPv4, isIPv6 } from 'node:net';
import { domainToASCII } from 'node:url';

/** RFC 5321 4.5.3.1.2, in octets. */
const maxDomainOctets = 255;
/** RFC 1035 2.3.4, in octets. */
const maxLabelOctets = 63;

const hyphen = 0x2d;
const dot = 0x2e;
const underscore = 0x5f;

/** What {@link checkDomain} found. */
export type DomainVerdict = 'ok' | 'domain-syntax' | 'domain-too-long';

/**
 * Checks a host name of letters, digits, underscores and inner hyphens; U-labels are checked by their A-label form
 * (RFC 6531 3.3). RFC 5321 4.1.2 `Domain` has no underscore, but containers and Windows hosts have names with one, and the DNS
 * (RFC 2181 11) knows them: refusing them would lose mail and protect nobody. A final dot is refused here; see `withoutFinalDot`.
 * The configuration has the same rule in `config/values/domain.ts`.
 *
 * @param text - holds the domain from `start` to `end`: reading a part of a text is faster than reading a slice of it
 */
export function checkDomain(text: string, start = 0, end = text.length): DomainVerdict {
  let labelStart = start;
  let previous = dot;
  for (let i = start; i < end; i++) {
    const c = text.charCodeAt(i);
    if (c === dot) {
      if (previous === dot || previous === hyphen) return 'domain-syntax';
      if (i - labelStart > maxLabelOctets) return 'domain-too-long';
      labelStart = i + 1;
    } else if (c === hyphen) {
      if (previous === dot) return 'domain-syntax';
    } else if (c > 0x7f) {
      return checkInternational(text.slice(start, end));
    } else if (!isLetterOrDigit(c) && c !== underscore) {
      return 'domain-syntax';
    }
    previous = c;
  }
  if (previous === dot || previous === hyphen) return 'domain-syntax';
  if (end - labelStart > maxLabelOctets || end - start > maxDomainOctets) return 'domain-too-long';
  return 'ok';
}

/**
 * The end of a domain without the dot that writes it as a fully qualified name of the DNS, `example.com.`: people and scripts
 * write it, and it means the same domain (RFC 1034 3.1), though SMTP has none (RFC 5321 4.1.2).
 */
export function withoutFinalDot(text: string, start: number, end: number): number {
  return end - start > 1 && text.charCodeAt(end - 1) === dot ? end - 1 : end;
}

function checkInternational(domain: string): DomainVerdict {
  // An A-label is never shorter than its U-label in UTF-16 units: what is too long stays so, and is not converted first.
  if (domain.length > maxDomainOctets) return 'domain-too-long';
  // The URL parser behind domainToASCII skips tabs and stops at "/", "?" and the like; none may come near it.
  for (let i = 0; i < domain.length; i++) {
    const c = domain.charCodeAt(i);
    if (c <= 0x7f && c !== dot && c !== hyphen && c !== underscore && !isLetterOrDigit(c))
      return 'domain-syntax';
  }
  // RFC 5891 4.2.3.1: also a U-label neither begins nor ends with a hyphen; its A-label would not show it.
  if (/(?:^|\.)-|-(?:\.|$)/.test(domain)) return 'domain-syntax';
  const ascii = domainToASCII(domain);
  return ascii === '' ? 'domain-syntax' : checkDomain(ascii);
}

function isLetterOrDigit(c: number): boolean {
  const lower = c | 0x20;
  return (lower >= 0x61 && lower <= 0x7a) || (c >= 0x30 && c <= 0x39);
}

/**
 * Whether the text is an address literal with an address in it, `[192.0.2.1]` or `[IPv6:2001:db8::1]` (RFC 5321 4.1.3).
 * A General-address-literal is not: no tag but `IPv6` was ever registered, so there would be no way to deliver to it.
 */
export function isAddressLiteral(domain: string): boolean {
  return addressOfLiteral(domain) !== undefined;
}

/** The IP address inside an address literal, `192.0.2.1` or `2001:db8::1`; undefined if it is none. */
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
  // RFC 5321 4.1.3: "::" stands for at least two groups of zeros, so at most six others may be there.
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
 * The domain of an address that was parsed before, in normal form; empty for the null path and for `postmaster`
 * without a domain. Does not check the address: what follows the last `@` is the domain (RFC 5321 4.1.2 has no `@`
 * in a domain).
 */
export function domainOf(address: string): string {
  const at = address.lastIndexOf('@');
  return at === -1 ? '' : toAscii(address.slice(at + 1));
}

function toAscii(domain: string): string {
  for (let i = 0; i < domain.length; i++) {
    if (domain.charCodeAt(i) > 0x7f) return domainToASCII(domain) || domain.toLowerCase();
  }
  return domain.toLowerCase();
}
