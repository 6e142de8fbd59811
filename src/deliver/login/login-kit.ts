// What the log-ins of all outgoing connections of a process share.

import type { CredentialSettingsById } from './credential-settings.ts';
import type { SaltedPasswords } from './salted-passwords.ts';
import type { Secrets } from './secrets.ts';
import type { TokenCommands } from './token-commands.ts';

export interface LoginKit {
  readonly credentials: CredentialSettingsById;
  readonly secrets: Secrets;
  readonly salted: SaltedPasswords;
  readonly commands: TokenCommands;
}
