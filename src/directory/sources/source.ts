// The contract of a source of the directory: who its users are, or whether a password is right, or both.

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
  /** @param address - in the form of `tableKey`. It never throws and never rejects. */
  find(address: string): FoundAccount | Promise<FoundAccount>;
  /** @param domain - in lower-case A-labels */
  findDomain(domain: string): FoundDomain | Promise<FoundDomain>;
}

/** A source that checks passwords and knows nothing else. */
export interface PasswordSource {
  readonly kind: 'passwords';
  readonly name: string;
  /** @param login - its `login` is in the form of `tableKey`. It never rejects. */
  check(login: PasswordLogin): Promise<CheckedElsewhere>;
}

export type Source = AccountSource | PasswordSource;
