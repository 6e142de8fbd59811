// Hides the names of hosts behind the name of their domain: joe@host.example.com becomes joe@example.com.

import { domainOf } from '../../address/domain.ts';
import { isBelow } from '../../values/domain.ts';

/** One domain of a list, in the order of which the first that matches counts. */
export interface MasqueradeDomain {
  /** In lower-case A-labels. */
  readonly domain: string;
  /** Addresses of this domain and below it stay as they are. */
  readonly isKept: boolean;
}

export interface Masquerade {
  readonly domains: readonly MasqueradeDomain[];
  /** Local parts whose addresses stay as they are, in lower case. */
  readonly exceptions: ReadonlySet<string>;
}

/** @param address - with a domain */
export function masqueraded(address: string, { domains, exceptions }: Masquerade): string {
  const localPart = address.slice(0, address.lastIndexOf('@'));
  if (exceptions.has(localPart.toLowerCase())) return address;
  const domain = domainOf(address);
  const found = domains.find((each) => domain === each.domain || isBelow(domain, each.domain));
  if (found === undefined || found.isKept || domain === found.domain) return address;
  return `${localPart}@${found.domain}`;
}
