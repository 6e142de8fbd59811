// A source whose users are in a table: one look-up tells who a user is, another whether a domain is there.

import type { Answer, Table } from '../../table/table.ts';
import type { DomainPattern } from '../../values/domain.ts';
import type { FoundAccount } from '../account.ts';
import type { SourceKey } from '../settings.ts';
import { type AccountSource, type FoundDomain, OwnDomains } from './source.ts';

export interface TableSourceParts {
  readonly name: string;
  readonly table: Table;
  readonly key: SourceKey;
  /** Empty: any. */
  readonly domains: readonly DomainPattern[];
  /** Whether the table has the domains, too, with "@" before each. */
  readonly hasDomains: boolean;
  /** Makes the account of what was found: its first value, and perhaps the record of the domain. It may throw: a value is a mistake then. */
  readonly accountOf: (address: string, value: string, domain: string | undefined) => FoundAccount;
}

export class TableSource implements AccountSource {
  readonly kind = 'accounts';
  readonly name: string;
  readonly #parts: TableSourceParts;
  readonly #domains: OwnDomains;

  constructor(parts: TableSourceParts) {
    this.name = parts.name;
    this.#parts = parts;
    this.#domains = new OwnDomains(parts.domains);
  }

  find(address: string): FoundAccount | Promise<FoundAccount> {
    const { key, table } = this.#parts;
    if (!this.#domains.has(address)) return { kind: 'absent' };
    const at = address.lastIndexOf('@');
    const asked = key === 'address' || at === -1 ? address : address.slice(0, at);
    const found = table.lookup([asked]);
    return found instanceof Promise
      ? found.then((answers) => this.#accountOf(address, answers))
      : this.#accountOf(address, found);
  }

  findDomain(domain: string): FoundDomain | Promise<FoundDomain> {
    const { hasDomains, table } = this.#parts;
    if (!this.#domains.has(`@${domain}`)) return { kind: 'absent' };
    if (!hasDomains) return { kind: this.#domains.areNamed ? 'present' : 'absent' };
    const found = table.lookup([`@${domain}`]);
    return found instanceof Promise ? found.then(domainOf) : domainOf(found);
  }

  #accountOf(address: string, [answer]: readonly Answer[]): FoundAccount {
    if (answer === undefined || answer.kind === 'absent') return { kind: 'absent' };
    if (answer.kind === 'failing') return answer;
    const [value, domain] = answer.values;
    if (value === undefined) return { kind: 'absent' };
    try {
      return this.#parts.accountOf(address, value, domain);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      return { kind: 'failing', reason: `its entry cannot be read: ${why}` };
    }
  }
}

function domainOf([answer]: readonly Answer[]): FoundDomain {
  if (answer === undefined || answer.kind === 'absent') return { kind: 'absent' };
  return answer.kind === 'failing' ? answer : { kind: 'present' };
}
