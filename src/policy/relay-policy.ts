// Who may relay what: clients by network, recipients by domain (qmail's rcpthosts). Nothing is an open relay by default.

import type { DomainSet } from '../values/domain-set.ts';
import type { NetworkSet } from '../values/network-set.ts';

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
