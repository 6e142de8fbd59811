// The identity of a site: the ordered set of its hosts, so that all domains with the same MX hosts share connections and
// limits.

import { createHash } from 'node:crypto';
import type { PackageProtocol } from '../values/package-server.ts';
import type { NextHopAddress } from './types.ts';
import { shuffle } from './shuffle.ts';

/** A host of a site. */
export interface SiteHost {
  /** The name as it is shown, e.g. `mx1.example.net` or `relay.example.net:587`. */
  readonly name: string;
  readonly preference: number;
}

/** A longer text of a site is replaced by its digest. */
const maxReadable = 120;

/**
 * Names a site: the hosts in the order of preference, `,` between ranks and `=` between equals, which are sorted.
 *
 * Only the order of preferences counts: `10 a, 20 b` and `0 a, 5 b` are the same site.
 *
 * @param suffix - other facts that distinguish sites, such as the port
 */
export function siteOf(
  kind: 'mx' | 'relay' | 'lmtp' | PackageProtocol,
  hosts: readonly SiteHost[],
  suffix: string,
): { readonly site: string; readonly label: string } {
  const sorted = hosts.toSorted((a, b) => a.preference - b.preference || compare(a.name, b.name));
  let text = '';
  let last: number | undefined;
  for (const { name, preference } of sorted) {
    if (last !== undefined) text += preference === last ? '=' : ',';
    text += name;
    last = preference;
  }
  const label = sorted.map((host) => host.name).join(',');
  text += suffix;
  if (text.length <= maxReadable) return { site: `${kind}:${text}`, label };
  const digest = createHash('sha256').update(text).digest('hex').slice(0, 32);
  return { site: `${kind}#${digest}`, label };
}

/** Does the text have the form of the key of a site? */
export function isSiteKey(text: string): boolean {
  return text === 'discard' || /^(?:mx|relay|lmtp|qmqp|qmtp|pipe|archive|redirect|hold)[:#]./.test(text);
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** By preference, in random order among equals (RFC 5321 5.1). */
export function inOrderOfPreference(addresses: NextHopAddress[], random: () => number): NextHopAddress[] {
  shuffle(addresses, random);
  return addresses.sort((a, b) => a.preference - b.preference);
}
