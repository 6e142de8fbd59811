// Log-ins of clients whom somebody trusted has named: the issuer of their token, or of their certificate. The name has to be that of a user of
// the directory, who has to be the one that the client names, if it names any.

import { tableKey } from '../table/table-key.ts';
import type { Account, FoundAccount } from './account.ts';
import type { CertificateLogin, LoginAnswer } from './types.ts';

export interface KnownUsers {
  /** The form of a name in which users are looked up. */
  keyOf(login: string): string;
  /** @param key - in that form */
  find(key: string): Promise<FoundAccount>;
  right(account: Account): LoginAnswer;
}

/** What names the user, for the log. */
type Proof = 'token' | 'certificate';

/** @param login - as whom the client wants to log in; empty when it leaves that to the proof */
export async function logInAs(
  key: string,
  login: string,
  proof: Proof,
  users: KnownUsers,
): Promise<LoginAnswer> {
  const found = await users.find(key);
  if (found.kind === 'failing') return found;
  if (found.kind === 'absent' || !isOwn(found.account, key))
    return wrong(`the ${proof} names ${key}, and there is no such user`);
  const { user, isDisabled } = found.account;
  if (isDisabled) return wrong('the user may not log in');
  const wanted = login === '' ? key : users.keyOf(login);
  if (wanted === key) return users.right(found.account);
  const asked = await users.find(wanted);
  if (asked.kind === 'failing') return asked;
  const isSame = asked.kind === 'account' && asked.account.user.address === user.address;
  return isSame && isOwn(asked.account, wanted)
    ? users.right(found.account)
    : wrong(`the ${proof} is that of ${user.address}`);
}

/** A certificate may name several addresses: one of them has to be the user's. */
export async function checkCertificate(
  { login, names }: CertificateLogin,
  users: KnownUsers,
): Promise<LoginAnswer> {
  let answer: LoginAnswer = wrong('the certificate names nobody');
  for (const name of names) {
    answer = await logInAs(users.keyOf(name), login, 'certificate', users);
    if (answer.kind !== 'wrong') return answer;
  }
  return answer;
}

/**
 * Is an address the user's own? An alias for all of a domain leads to its user, too, and that user's mail may be everybody's: but whoever has any
 * address in that domain elsewhere is somebody else.
 */
function isOwn({ user }: Account, key: string): boolean {
  return user.address === key || user.aliases.some((alias) => tableKey(alias) === key);
}

function wrong(reason: string): LoginAnswer {
  return { kind: 'wrong', reason };
}
