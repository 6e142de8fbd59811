// A user as a source knows it, with the stored passwords. It does not leave the process that holds the directory.

import type { User } from './types.ts';

/** One of the passwords of a user. */
export interface Credential {
  /** Of an application password; undefined for the user's own. */
  readonly application?: string | undefined;
  /** In any form that `parseHash` reads; empty without one. */
  readonly password: string;
  /** A secret of SCRAM-SHA-256 (RFC 5803) for the same password; undefined without one. */
  readonly scram?: string | undefined;
}

export interface Account {
  readonly user: User;
  /** Empty: no password is stored here. */
  readonly credentials: readonly Credential[];
  /** Nobody may log in as this user. */
  readonly isDisabled: boolean;
}

/** What a source says about an address. */
export type FoundAccount =
  | { readonly kind: 'account'; readonly account: Account }
  | { readonly kind: 'absent' }
  | { readonly kind: 'failing'; readonly reason: string };

/** The same, with the name of the source. */
export type FoundInSource =
  | Exclude<FoundAccount, { readonly kind: 'account' }>
  | (Extract<FoundAccount, { readonly kind: 'account' }> & { readonly source: string });

/** Application passwords come first: they are quick to check. */
export function inOrderOfCost(credentials: readonly Credential[]): readonly Credential[] {
  return credentials.toSorted(
    (a, b) => Number(a.application === undefined) - Number(b.application === undefined),
  );
}
