// Between the keys process, which makes the hash of a new password, and the supervisor, which may write the file or database of users.

import type { StoredChange, StoreOutcome } from '../directory/password-change.ts';

export type StorePassword = StoredChange & { readonly kind: 'storePassword'; readonly id: number };

/** The answer to the `StorePassword` with the same id. */
export interface PasswordStored {
  readonly kind: 'passwordStored';
  readonly id: number;
  readonly outcome: StoreOutcome;
}
