// The contract of a source of the directory: who its users are, or whether a password is right, or both.

import { DomainTable } from '../../values/domain-table.ts';
import type { DomainPattern } from '../../values/domain.ts';
import type { FoundAccount } from '../account.ts';
import type { Failing, FoundDomain, PasswordLogin } from '../types.ts';

export type { FoundDomain } from '../types.ts';

/** What a program or server says about a password that only it can check. */
export type CheckedElsewhere =
  | { readonly kind: 'right' }
  /** Wrong, or no such user: it does not say which. */
  | { readonly kind: 'wrong' }
  | Failing;

/** A source that knows users. */
export interface AccountSource {
  readonly kind: 'accounts';
  readonly name: string;
  /** @param address - in the form of `accountKey`. It never throws and never rejects. */
  find(address: string): FoundAccount | Promise<FoundAccount>;
  /** @param domain - in lower-case A-labels */
  findDomain(domain: string): FoundDomain | Promise<FoundDomain>;
}

/** A source that checks passwords and knows nothing else. */
export interface PasswordSource {
  readonly kind: 'passwords';
  readonly name: string;
  /** For so long a password that was right is taken without asking again. */
  readonly rememberMs: number;
  isFor(login: string): boolean;
  /** @param login - its `login` is in the form of `accountKey`. It never rejects. */
  check(login: PasswordLogin): Promise<CheckedElsewhere>;
}

/** The domains of a source; none: any. */
export class OwnDomains {
  readonly #domains = new DomainTable<true>();

  constructor(patterns: readonly DomainPattern[]) {
    for (const pattern of patterns) this.#domains.set(pattern, true);
  }

  /** Whether only users of some domains are in the source. */
  get areNamed(): boolean {
    return this.#domains.size > 0;
  }

  /** @param address - an address, or a name without a domain, which no named domain has */
  has(address: string): boolean {
    if (!this.areNamed) return true;
    const at = address.lastIndexOf('@');
    return at !== -1 && this.#domains.mostSpecific(address.slice(at + 1)) === true;
  }
}

export type Source = AccountSource | PasswordSource;
