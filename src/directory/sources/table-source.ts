// A source whose users are in a table: one look-up tells who a user is, another whether a domain is there.

import type { Answer, Table } from '../../table/table.ts';
import { DomainTable } from '../../values/domain-table.ts';
import type { DomainPattern } from '../../values/domain.ts';
import type { FoundAccount } from '../account.ts';
import type { SourceKey } from '../settings.ts';
import type { AccountSource, FoundDomain } from './source.ts';

export interface TableSourceParts {
  readonly name: string;
  readonly table: Table;
  readonly key: SourceKey;
  /** Empty: any. */
  readonly domains: readonly DomainPattern[];
  /** Whether the table has the domains, too, with "@" before each. */
  readonly hasDomains: boolean;
  /** Makes the account of a value. It may throw: the value is a mistake then. */
  readonly accountOf: (address: string, value: string) => FoundAccount;
}

export class TableSource implements AccountSource {
  readonly kind = 'accounts';
  readonly name: string;
  readonly #parts: TableSourceParts;
  readonly #domains = new DomainTable<true>();

  constructor(parts: TableSourceParts) {
    this.name = parts.name;
    this.#parts = parts;
    for (const pattern of parts.domains) this.#domains.set(pattern, true);
  }

  find(address: string): FoundAccount | Promise<FoundAccount> {
    const { key, table } = this.#parts;
    const at = address.lastIndexOf('@');
    if (!this.#isOurs(address.slice(at + 1), at !== -1)) return { kind: 'absent' };
    const asked = key === 'address' || at === -1 ? address : address.slice(0, at);
    const found = table.lookup([asked]);
    return found instanceof Promise
      ? found.then((answers) => this.#accountOf(address, answers))
      : this.#accountOf(address, found);
  }

  findDomain(domain: string): FoundDomain | Promise<FoundDomain> {
    const { domains, hasDomains, table } = this.#parts;
    if (domains.length > 0 && !this.#isOurs(domain, true)) return { kind: 'absent' };
    if (!hasDomains) return { kind: domains.length > 0 ? 'present' : 'absent' };
    const found = table.lookup([`@${domain}`]);
    return found instanceof Promise ? found.then(domainOf) : domainOf(found);
  }

  /** Without a domain, a name is looked up as it is. */
  #isOurs(domain: string, hasDomain: boolean): boolean {
    return this.#parts.domains.length === 0 || (hasDomain && this.#domains.mostSpecific(domain) === true);
  }

  #accountOf(address: string, [answer]: readonly Answer[]): FoundAccount {
    if (answer === undefined || answer.kind === 'absent') return { kind: 'absent' };
    if (answer.kind === 'failing') return answer;
    const [value] = answer.values;
    if (value === undefined) return { kind: 'absent' };
    try {
      return this.#parts.accountOf(address, value);
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
