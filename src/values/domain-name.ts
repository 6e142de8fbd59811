// Checks domain names of addresses and of the configuration, and converts them to A-labels (RFC 5321 4.1.2, RFC 5890 2.3.2.1).
// It reads a part of a text in one pass, because every address of every message is checked.

import { domainToASCII } from 'node:url';

/** RFC 5321 4.5.3.1.2, in octets. */
const maxDomainOctets = 255;
/** RFC 1035 2.3.4, in octets. */
const maxLabelOctets = 63;

const hyphen = 0x2d;
const dot = 0x2e;
const underscore = 0x5f;

/** The result of {@link checkDomain}. */
export type DomainVerdict = 'ok' | 'domain-syntax' | 'domain-too-long';

/**
 * Checks a host name of letters, digits, underscores and inner hyphens; U-labels are checked by their A-label form
 * (RFC 6531 3.3). RFC 5321 4.1.2 `Domain` has no underscore, but containers and Windows hosts have names with one, and the DNS
 * (RFC 2181 11) allows them: refusing them would lose mail and protect nobody. A final dot is refused here; see `withoutFinalDot`.
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
 * The end of a domain without a final dot. People and scripts write `example.com.` as in the DNS, where it means the same domain
 * (RFC 1034 3.1); SMTP has no final dot (RFC 5321 4.1.2).
 */
export function withoutFinalDot(text: string, start: number, end: number): number {
  return end - start > 1 && text.charCodeAt(end - 1) === dot ? end - 1 : end;
}

function checkInternational(domain: string): DomainVerdict {
  // An A-label is never shorter than its U-label in UTF-16 units, so a name that is too long need not be converted.
  if (domain.length > maxDomainOctets) return 'domain-too-long';
  // domainToASCII uses a URL parser, which skips tabs and stops at "/", "?" and the like: it must not get any of them.
  for (let i = 0; i < domain.length; i++) {
    const c = domain.charCodeAt(i);
    if (c <= 0x7f && c !== dot && c !== hyphen && c !== underscore && !isLetterOrDigit(c))
      return 'domain-syntax';
  }
  // RFC 5891 4.2.3.1: a U-label, too, must not begin or end with a hyphen. Its A-label would not show that.
  if (/(?:^|\.)-|-(?:\.|$)/.test(domain)) return 'domain-syntax';
  const ascii = domainToASCII(domain);
  return ascii === '' ? 'domain-syntax' : checkDomain(ascii);
}

function isLetterOrDigit(c: number): boolean {
  const lower = c | 0x20;
  return (lower >= 0x61 && lower <= 0x7a) || (c >= 0x30 && c <= 0x39);
}

/** Converts a name that was checked before to lower case and A-labels. */
export function toAscii(domain: string): string {
  for (let i = 0; i < domain.length; i++) {
    if (domain.charCodeAt(i) > 0x7f) return domainToASCII(domain) || domain.toLowerCase();
  }
  return domain.toLowerCase();
}
