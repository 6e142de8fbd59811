// The names under which a DNS list has an entry (RFC 5782 2.1 to 2.4), and the one that no list may have (section 5).

import { isQueryable } from '../../dns/domain-name.ts';
import { reversedAddress } from '../../dns/reverse-name.ts';
import { normalizeDomain } from '../../address/domain.ts';

/** What is asked of a list about one thing. */
export interface ListQuestion {
  /** An address, or a domain in lower-case A-labels. */
  readonly about: string;
  readonly name: string;
  /** The name that is never listed; a list that has it lists everything. */
  readonly neverListed: string;
}

/** @returns undefined when the text is no IP address. @param address - perhaps with a zone */
export function addressQuestion(address: string, zone: string): ListQuestion | undefined {
  const [withoutZone = ''] = address.split('%', 1);
  const reversed = reversedAddress(withoutZone);
  if (reversed === undefined) return undefined;
  const { labels, family } = reversed;
  // ::FFFF:7F00:1 is written with all its nibbles: for a list, it is an IPv6 address.
  const never = family === 4 ? '1.0.0.127' : `1.0.0.0.0.0.f.7.f.f.f.f.${'0.'.repeat(20).slice(0, -1)}`;
  return { about: withoutZone, name: `${labels}.${zone}`, neverListed: `${never}.${zone}` };
}

/** @returns undefined when no list can have it: an address literal, no domain, a name without a dot, one that is too long with the zone */
export function domainQuestion(domain: string, zone: string): ListQuestion | undefined {
  const name = normalizeDomain(domain);
  // A name of one label, such as `localhost`, is nobody's domain.
  if (name === undefined || name.startsWith('[') || !name.includes('.')) return undefined;
  const asked = `${name}.${zone}`;
  if (!isQueryable(asked)) return undefined;
  return { about: name, name: asked, neverListed: `invalid.${zone}` };
}
