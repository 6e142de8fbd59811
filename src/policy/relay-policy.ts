// Decides who may relay: some clients to anyone, by network; everyone to some recipient domains (qmail's rcpthosts).
// Promises: with empty lists nothing is relayed.

import type { DomainSet } from '../values/domain-set.ts';
import type { NetworkSet } from '../values/network-set.ts';

/** Decides at RCPT whether Sluice accepts mail from a client to a recipient. */
export class RelayPolicy {
  readonly #networks: NetworkSet;
  readonly #domains: DomainSet;
  /** Whose postmaster gets mail for the postmaster without a domain; undefined where mail is accepted for no domain. */
  readonly mainDomain: string | undefined;

  /** @param mainDomain - the domain of recipients that stands for all of them; not given: none is accepted */
  constructor(networks: NetworkSet, domains: DomainSet, mainDomain?: string) {
    this.#networks = networks;
    this.#domains = domains;
    this.mainDomain = mainDomain;
  }

  isRelayClient(clientAddress: string): boolean {
    return this.#networks.has(clientAddress);
  }

  /** @param domain - the recipient's domain in lower-case A-labels */
  acceptsDomain(domain: string): boolean {
    return this.#domains.has(domain);
  }
}
