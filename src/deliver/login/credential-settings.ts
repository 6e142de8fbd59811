// What the configuration says about one credential, for the senders. The secret itself comes from elsewhere.

import type { ClientMechanismName } from '../../sasl/client/client-mechanisms.ts';
import type { TokenCommand } from './token-commands.ts';

export interface CredentialSettings {
  readonly name: string;
  readonly user: string;
  /** In the order in which they are tried. */
  readonly mechanisms: readonly ClientMechanismName[];
  /** The secret may be shown on a connection without TLS. */
  readonly isAllowedInClear: boolean;
  /** Prints the token; undefined: the supervisor gives the secret. */
  readonly command: TokenCommand | undefined;
}

/** By `HopLogin.id`. */
export type CredentialSettingsById = ReadonlyMap<string, CredentialSettings>;
