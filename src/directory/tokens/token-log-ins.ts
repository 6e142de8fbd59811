// Log-ins by a token: it has to be valid, and its issuer has to be one for the user whom it names.

import { type KnownUsers, logInAs } from '../named-log-ins.ts';
import type { LoginAnswer, TokenLogin } from '../types.ts';
import type { TokenIssuers } from './token-issuers.ts';

export async function checkToken(
  { login, token }: TokenLogin,
  issuers: Pick<TokenIssuers, 'check'>,
  users: KnownUsers,
): Promise<LoginAnswer> {
  const checked = await issuers.check(token);
  if (checked.kind === 'failing') return checked;
  if (checked.kind === 'invalid') return { kind: 'wrong', reason: checked.reason };
  const key = users.keyOf(checked.name);
  if (checked.issuer.isFor(key)) return logInAs(key, login, 'token', users);
  return { kind: 'wrong', reason: `the token names ${key}, and its issuer is for other domains` };
}
