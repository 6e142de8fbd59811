// Marks of log-ins: a keyed digest of all with which a user may log in. A session keeps the mark of its log-in, and later it is seen
// whether something of that has changed. It tells nothing about passwords, since the key never leaves the process that holds them.

import { createHmac } from 'node:crypto';
import type { Account, FoundAccount } from './account.ts';
import type { LoginMark, RightLogin, StillLoggedIn } from './types.ts';

export class LoginMarks {
  readonly #secret: Uint8Array;

  constructor(secret: Uint8Array) {
    this.#secret = secret;
  }

  /** The answer to a log-in that is right. @param application - whose password it was; undefined for the user's own */
  right(account: Account, application: string | undefined): RightLogin {
    return { kind: 'right', user: account.user, application, mark: this.#of(account) };
  }

  /** @param found - under the address of the log-in, as it is now */
  still({ address, mark }: LoginMark, found: FoundAccount): StillLoggedIn {
    if (found.kind === 'failing') return found;
    if (found.kind === 'absent') return { kind: 'changed' };
    const { user } = found.account;
    // The address may be an alias of somebody else now.
    return user.address === address && this.#of(found.account) === mark
      ? { kind: 'user', user }
      : { kind: 'changed' };
  }

  #of({ credentials, isDisabled }: Account): string {
    const text = JSON.stringify([isDisabled, credentials]);
    return createHmac('sha256', this.#secret).update(`mark\0${text}`).digest('base64');
  }
}
