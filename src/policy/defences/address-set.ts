// A set of addresses, defined by patterns: mailboxes, domains, and the null sender.

import { domainOf } from '../../address/domain.ts';
import { tableKey } from '../../table/table-key.ts';
import type { SenderPattern } from '../../values/domain.ts';

export class AddressSet {
  readonly #names = new Set<string>();
  #hasNull = false;

  constructor(patterns: readonly SenderPattern[]) {
    for (const pattern of patterns) {
      if (pattern.kind === 'null') this.#hasNull = true;
      else if (pattern.kind === 'domain') this.#names.add(pattern.domain);
      else this.#names.add(tableKey(`${pattern.localPart}@${pattern.domain}`));
    }
  }

  /** @param address - without brackets; empty for the null sender */
  has(address: string): boolean {
    if (address === '') return this.#hasNull;
    if (this.#names.size === 0) return false;
    return this.#names.has(domainOf(address)) || this.#names.has(tableKey(address));
  }
}
