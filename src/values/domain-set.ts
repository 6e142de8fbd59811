// A set of domains, defined by patterns.

import type { DomainPattern } from './domain.ts';
import { DomainTable } from './domain-table.ts';

export class DomainSet {
  readonly #table = new DomainTable<true>();

  constructor(patterns: Iterable<DomainPattern>) {
    for (const pattern of patterns) this.#table.set(pattern, true);
  }

  /** @param domain - in lower-case A-labels without a final dot; any other text is in no set */
  has(domain: string): boolean {
    return this.#table.mostSpecific(domain) !== undefined;
  }
}
