// Who may relay what: clients by network, recipients by domain (qmail's rcpthosts). Nothing is an open relay by default.

import { BlockList, isIPv6 } from 'node:net';

export interface Network {
  readonly address: string;
  readonly prefix: number;
}

/** A set of networks; an IPv4 address that came mapped into IPv6 counts as IPv4. */
export class NetworkSet {
  readonly #list = new BlockList();
  /** Sessions ask for the same few clients again and again. */
  readonly #known = new Map<string, boolean>();

  constructor(networks: readonly Network[]) {
    for (const { address, prefix } of networks) {
      this.#list.addSubnet(address, prefix, isIPv6(address) ? 'ipv6' : 'ipv4');
    }
  }

  has(address: string): boolean {
    const known = this.#known.get(address);
    if (known !== undefined) return known;
    const plain = address.startsWith('::ffff:') ? address.slice(7) : address;
    const found = plain !== '' && this.#list.check(plain, isIPv6(plain) ? 'ipv6' : 'ipv4');
    if (this.#known.size >= 10_000) this.#known.clear();
    this.#known.set(address, found);
    return found;
  }
}

/** Recipient domains, exact or `*.suffix` (which does not match the suffix itself). */
export class DomainSet {
  readonly #exact = new Set<string>();
  readonly #suffixes = new Set<string>();

  /** @param patterns - lower-case A-label domains or `*.domain` */
  constructor(patterns: Iterable<string>) {
    for (const pattern of patterns) {
      if (pattern.startsWith('*.')) this.#suffixes.add(pattern.slice(2));
      else this.#exact.add(pattern);
    }
  }

  has(domain: string): boolean {
    if (this.#exact.has(domain)) return true;
    if (this.#suffixes.size === 0) return false;
    for (let dot = domain.indexOf('.'); dot >= 0; dot = domain.indexOf('.', dot + 1)) {
      if (this.#suffixes.has(domain.slice(dot + 1))) return true;
    }
    return false;
  }
}

/** Decides at RCPT whether Sluice takes responsibility for a recipient of this client. */
export class RelayPolicy {
  readonly #networks: NetworkSet;
  readonly #domains: DomainSet;

  constructor(networks: NetworkSet, domains: DomainSet) {
    this.#networks = networks;
    this.#domains = domains;
  }

  isRelayClient(clientAddress: string): boolean {
    return this.#networks.has(clientAddress);
  }

  /** @param domain - the recipient's, lower-case A-labels */
  acceptsDomain(domain: string): boolean {
    return this.#domains.has(domain);
  }
}
