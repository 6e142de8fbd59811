// Converts [[credential]] tables to what routing and senders need. Neither is told a secret by the configuration.

import { createHash } from 'node:crypto';

import type { Config, CredentialConfig } from '../config/config.ts';
import type { CredentialSettingsById } from '../deliver/login/credential-settings.ts';
import type { HopLogin } from '../values/hop-login.ts';

/** Enough that two versions of one credential do not collide. */
const digestChars = 12;

/** The log-in of a credential, as it is configured now. */
export function hopLogin(credential: CredentialConfig): HopLogin {
  const { mechanisms, name, secret, user, withoutTls } = credential;
  const digest = createHash('sha256')
    .update(JSON.stringify([user, secret, mechanisms, withoutTls]))
    .digest('base64url')
    .slice(0, digestChars);
  return { credential: name, id: `${name}~${digest}` };
}

/** What senders need for each credential. */
export function credentialSettings({ credential }: Pick<Config, 'credential'>): CredentialSettingsById {
  return new Map(
    credential.map((each) => {
      const { mechanisms, name, secret, user, withoutTls } = each;
      const command = secret.kind === 'command' ? secret : undefined;
      return [hopLogin(each).id, { name, user, mechanisms, isAllowedInClear: withoutTls, command }];
    }),
  );
}

/** The log-in of the only credential with this user, at hosts that a table of routes names. */
export function loginOfUser(
  { credential }: Pick<Config, 'credential'>,
  user: string,
): HopLogin | 'none' | 'several' {
  const [first, second] = credential.filter((each) => each.user === user);
  if (first === undefined) return 'none';
  return second === undefined ? hopLogin(first) : 'several';
}
