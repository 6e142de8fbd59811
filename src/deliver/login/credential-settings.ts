// What the configuration says about one credential, for the senders. The secret itself comes from elsewhere.

import type { ClientMechanismName } from '../../sasl/client/client-mechanisms.ts';

export interface CredentialSettings {
  readonly name: string;
  readonly user: string;
  /** In the order in which they are tried. */
  readonly mechanisms: readonly ClientMechanismName[];
  /** The secret may be shown on a connection without TLS. */
  readonly isAllowedInClear: boolean;
}

/** By `HopLogin.id`. */
export type CredentialSettingsById = ReadonlyMap<string, CredentialSettings>;
