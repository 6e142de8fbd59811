// Extensions that are not used with a host, even if it offers them: some servers and middleboxes offer extensions that do not
// work, and in some cases only the administrator can know.

import type { DomainPattern } from '../../values/domain.ts';
import { DomainSet } from '../../values/domain-set.ts';
import type { Network } from '../../values/network.ts';
import { NetworkSet } from '../../values/network-set.ts';

/** A rule for some hosts, named by name or address. */
export interface IgnoredExtensionsRule {
  readonly hosts: readonly DomainPattern[];
  readonly networks: readonly Network[];
  /** EHLO keywords in upper case. */
  readonly extensions: readonly string[];
}

const none: ReadonlySet<string> = new Set();

export class IgnoredExtensions {
  readonly #rules: readonly {
    readonly hosts: DomainSet;
    readonly networks: NetworkSet;
    readonly extensions: readonly string[];
  }[];

  constructor(rules: readonly IgnoredExtensionsRule[]) {
    this.#rules = rules.map(({ hosts, networks, extensions }) => ({
      hosts: new DomainSet(hosts),
      networks: new NetworkSet(networks),
      extensions,
    }));
  }

  /** The keywords of all rules that name the host or its address. */
  of(host: string, ip: string): ReadonlySet<string> {
    if (this.#rules.length === 0) return none;
    const meant = this.#rules.filter(({ hosts, networks }) => hosts.has(host) || networks.has(ip));
    return meant.length === 0 ? none : new Set(meant.flatMap(({ extensions }) => extensions));
  }
}
