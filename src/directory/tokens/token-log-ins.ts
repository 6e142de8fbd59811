// Log-ins by a token: the token has to be valid, and to name a user of the directory, who has to be the one that the client names.

import { tableKey } from '../../table/table-key.ts';
import type { Account, FoundAccount } from '../account.ts';
import type { LoginAnswer, TokenLogin } from '../types.ts';
import type { TokenIssuers } from './token-issuers.ts';

export interface KnownUsers {
  /** The form of a name in which users are looked up. */
  keyOf(login: string): string;
  /** @param key - in that form */
  find(key: string): Promise<FoundAccount>;
}

export async function checkToken(
  { login, token }: TokenLogin,
  issuers: Pick<TokenIssuers, 'check'>,
  users: KnownUsers,
): Promise<LoginAnswer> {
  const checked = await issuers.check(token);
  if (checked.kind === 'failing') return checked;
  if (checked.kind === 'invalid') return wrong(checked.reason);
  const key = users.keyOf(checked.name);
  if (!checked.issuer.isFor(key)) return wrong(`the token names ${key}, and its issuer is for other domains`);
  const found = await users.find(key);
  if (found.kind === 'failing') return found;
  if (found.kind === 'absent' || !isOwn(found.account, key))
    return wrong(`the token names ${key}, and there is no such user`);
  const { user, isDisabled } = found.account;
  if (isDisabled) return wrong('the user may not log in');
  if (login === '' || users.keyOf(login) === key) return { kind: 'right', user };
  const asked = await users.find(users.keyOf(login));
  if (asked.kind === 'failing') return asked;
  return asked.kind === 'account' &&
    asked.account.user.address === user.address &&
    isOwn(asked.account, users.keyOf(login))
    ? { kind: 'right', user }
    : wrong(`the token is that of ${user.address}`);
}

/**
 * Is an address that a token names, or the client, the user's own? An alias for all of a domain leads to its user, too, and that user's mail may be
 * everybody's: but whoever has any address in that domain at the issuer is somebody else.
 */
function isOwn({ user }: Account, key: string): boolean {
  return user.address === key || user.aliases.some((alias) => tableKey(alias) === key);
}

function wrong(reason: string): LoginAnswer {
  return { kind: 'wrong', reason };
}
