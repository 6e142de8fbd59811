// Which queue the record of a recipient's domain names. It was looked up at RCPT.

import { domainOf } from '../../address/domain.ts';
import type { ProvisionedDomains } from './provisioned-domains.ts';

export class ProvisionedQueues {
  readonly looksAtHeader = false;
  readonly #domains: Pick<ProvisionedDomains, 'atOnce'>;
  readonly #stores: ReadonlyMap<string, number>;

  /** @param stores - their numbers, by the names of the queues */
  constructor(domains: Pick<ProvisionedDomains, 'atOnce'>, stores: ReadonlyMap<string, number>) {
    this.#domains = domains;
    this.#stores = stores;
  }

  /** The number of the store; undefined: the record says nothing about it. */
  of(_mail: unknown, address: string): number | undefined {
    const domain = domainOf(address);
    const known = domain === '' ? undefined : this.#domains.atOnce(domain);
    const queue = known?.kind === 'record' ? known.record.queue : undefined;
    return queue === undefined ? undefined : this.#stores.get(queue);
  }
}
