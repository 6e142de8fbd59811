// The contract of a change of a user's own password: what is asked of the directory, and what the process that may write the source is told.

import type { Banned, Failing, WrongLogin } from './types.ts';

/** A new password for a user. */
export interface PasswordChange {
  /** As a client would log in. */
  readonly login: string;
  /** The password until now, which proves who asks; undefined: an operator asks. */
  readonly password?: string | undefined;
  readonly next: string;
}

/** Why a change is not made, with what to do. */
export interface RefusedChange {
  readonly kind: 'refused';
  readonly code: string;
  readonly message: string;
  readonly advice: string;
}

export type PasswordChanged =
  | { readonly kind: 'changed'; readonly user: string }
  | RefusedChange
  | WrongLogin
  | Banned
  | Failing;

/** What is to be stored, for who may write the source. There is no password in it. */
export interface StoredChange {
  /** The name of the source. */
  readonly source: string;
  /** The address of the user. */
  readonly user: string;
  /** The digest of what is stored now (`digestOfStored`): when another change was quicker, this one is not made. */
  readonly before: string;
  /** Hash and secret (`StoredPassword`). */
  readonly password: string;
  readonly scram: string;
}

export type StoreOutcome = { readonly kind: 'stored' } | RefusedChange;

/** Writes the source. It never rejects. */
export type StoreChange = (change: StoredChange) => Promise<StoreOutcome>;
