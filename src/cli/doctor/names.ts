// The names of the addresses that mail leaves from, judged as receiving servers do: a reverse name that leads back, and a HELO name that
// exists. The facts are gathered by `names-facts.ts`.

import type { ConfirmedNames } from '../../dns/confirmed-names.ts';
import { error, type Finding, note, notSeen, warning } from './finding.ts';

/** Undefined: not looked at, and another check says why. */
export type NamesFacts = readonly SourceFacts[] | undefined;

export interface SourceFacts {
  readonly address: string;
  /** A [[source]]; otherwise the system chooses it. */
  readonly isConfigured: boolean;
  /** Others see another address: that of a NAT. */
  readonly isPrivate: boolean;
  readonly heloName: string;
  readonly helo: HeloAddresses;
  /** Undefined for a private address: no public name server knows it. */
  readonly names: ConfirmedNames | undefined;
}

export type HeloAddresses =
  /** Of the IP version of the source, and whether there are some of the other one. */
  | { readonly kind: 'found'; readonly addresses: readonly string[] }
  | { readonly kind: 'missing' }
  | { readonly kind: 'failed'; readonly reason: string };

export function namesFindings(sources: NamesFacts): readonly Finding[] {
  if (sources === undefined) return [];
  if (sources.length === 0)
    return [
      warning(
        'names-no-route',
        'This host has no route to the Internet, neither by IPv4 nor by IPv6: mail to servers of other domains cannot leave.',
        '"ip route" and "ip -6 route" must show a default route; or send all mail through a smarthost: relay of a [[route]]',
      ),
    ];
  const found = sources.flatMap((source) => [...reverseFindings(source), ...heloFindings(source)]);
  // Sources with the same HELO name have the same finding about it.
  return found.filter(({ what }, at) => found.findIndex((each) => each.what === what) === at);
}

function reverseFindings({ address, isConfigured, isPrivate, names }: SourceFacts): readonly Finding[] {
  if (isPrivate && address.includes(':'))
    return [
      warning(
        'names-private-ipv6',
        `Mail to IPv6 addresses leaves from ${address}, which is private and leads nowhere on the Internet unless a router translates it: connections to them hang until they are given up.`,
        'ipv6 = false in [deliver], then: sluice reload; or give this host a public IPv6 address',
      ),
    ];
  if (isPrivate)
    return [
      note(
        'names-private',
        `Mail leaves from ${address}, which is private: others see the address of a router (NAT), and that one must have a reverse name that leads back to it. It cannot be looked at from here.`,
        '"curl -4 ifconfig.co" (or -6) shows that address, and "dig -x ADDRESS" its name',
      ),
    ];
  const from = isConfigured
    ? `The address ${address} of [[source]]`
    : `The address ${address}, from which mail leaves,`;
  switch (names?.kind) {
    case undefined:
      return [];
    case 'failed':
      return [
        notSeen(
          `${from} may have a reverse name; that is not known: ${names.reason}.`,
          'Run it again later.',
        ),
      ];
    case 'none':
      return [
        error(
          'names-reverse-missing',
          `${from} has no reverse name (PTR): many servers refuse mail from it.`,
          `Let the provider of the address set one that leads back to it; "dig -x ${address}" shows it`,
        ),
      ];
    case 'unconfirmed':
      return [
        error(
          'names-reverse-unconfirmed',
          `${from} has a reverse name, but no address record of that name leads back to it: many servers refuse mail from it.`,
          `"dig -x ${address}" shows the name: give it an ${address.includes(':') ? 'AAAA' : 'A'} record with ${address}, or let the provider set another one`,
        ),
      ];
    case 'names': {
      const [name] = names.names;
      if (!looksGeneric(name, address)) return [];
      return [
        warning(
          'names-reverse-generic',
          `${from} has the reverse name ${name}, which looks like one that a provider gives to all its customers: some servers refuse mail from such names.`,
          'Let the provider of the address set the name of this host, the one that it says in HELO',
        ),
      ];
    }
  }
}

/** Three parts of the address, or a word for the lines of customers. */
function looksGeneric(name: string, address: string): boolean {
  if (
    /(?:^|[.-])(?:dyn|dynamic|dhcp|dialup|dial|pool|ppp|adsl|dsl|cable|broadband|static|customers?|clients?|unassigned)(?=[.\d-])/u.test(
      name,
    )
  ) {
    return true;
  }
  if (address.includes(':')) return false;
  const parts = address.split('.');
  const numbers = new Set(name.split(/\D+/u).map((each) => each.replace(/^0+(?=\d)/u, '')));
  return parts.filter((part) => numbers.has(part)).length >= 3;
}

function heloFindings({ address, heloName, helo, isPrivate }: SourceFacts): readonly Finding[] {
  switch (helo.kind) {
    case 'failed':
      return [
        notSeen(
          `Whether the HELO name ${heloName} exists is not known: ${helo.reason}.`,
          'Run it again later.',
        ),
      ];
    case 'missing':
      return [
        error(
          'names-helo-missing',
          `Sluice says in HELO that it is ${heloName}, and the DNS has no address of this name: many servers refuse such mail.`,
          'Set hostname (or helo_name of [deliver] or [[source]]) to a name of this host that the DNS has, then: sluice reload',
        ),
      ];
    case 'found':
      if (isPrivate || helo.addresses.includes(address)) return [];
      return [
        warning(
          'names-helo-other',
          helo.addresses.length === 0
            ? `The HELO name ${heloName} of ${address} has no address of this IP version: some servers take that for a forged name.`
            : `The HELO name ${heloName} of ${address} has the address ${helo.addresses.join(', ')}, and not this one: some servers take that for a forged name.`,
          `Give ${heloName} an ${address.includes(':') ? 'AAAA' : 'A'} record with ${address}, or set helo_name of this [[source]] to the name of the address`,
        ),
      ];
  }
}
