// Changes the passwords of users: who asks is proved first, then the rules are looked at, then the new hash is made and handed to the process that may
// write the source. Promises: a password is in nothing but the question; one change of a user at a time; a bounded number waits.

import { newPasswordLater } from '../password/new-password.ts';
import { parseHash } from '../password/parse-hash.ts';
import type { FoundInSource } from './account.ts';
import { digestOfStored } from './edit/stored-password.ts';
import type {
  PasswordChange,
  PasswordChanged,
  RefusedChange,
  StoreChange,
  StoredChange,
} from './password-change.ts';
import { passwordFault, passwordFaultFor } from './password-rules.ts';
import { secretsOf } from './scram-secrets.ts';
import type { SourceSettings } from './settings.ts';
import type { LoginAnswer } from './types.ts';

/** Changes under way. */
const mostInHand = 20;

/** What is asked of the directory. */
export interface PasswordChangesParts {
  /** Checks the password until now, and counts failures. */
  readonly prove: (login: string, password: string) => Promise<LoginAnswer>;
  /** The user of a log-in, and where it comes from. */
  readonly locate: (login: string) => Promise<FoundInSource>;
  readonly sources: () => readonly SourceSettings[];
  readonly store: StoreChange;
  /** A password is another one now. */
  readonly changed: (user: string) => void;
}

export class PasswordChanges {
  readonly #parts: PasswordChangesParts;
  #inHand = 0;
  readonly #users = new Set<string>();

  constructor(parts: PasswordChangesParts) {
    this.#parts = parts;
  }

  async change(question: PasswordChange): Promise<PasswordChanged> {
    if (this.#inHand >= mostInHand)
      return { kind: 'failing', reason: 'too many passwords are being changed at once' };
    this.#inHand++;
    try {
      return await this.#change(question);
    } finally {
      this.#inHand--;
    }
  }

  async #change({ login, password, next }: PasswordChange): Promise<PasswordChanged> {
    const fault = next === password ? 'it is the one of before' : passwordFault(next);
    if (fault !== undefined) return unfit(fault);
    if (password !== undefined) {
      const answer = await this.#parts.prove(login, password);
      if (answer.kind !== 'right') return answer;
      if (answer.application !== undefined) return ofApplication;
    }
    const found = await this.#parts.locate(login);
    if (found.kind === 'failing') return found;
    if (found.kind === 'absent') return password === undefined ? unknown(login) : elsewhere;
    const { address } = found.account.user;
    if (this.#users.has(address)) return busy;
    this.#users.add(address);
    try {
      return await this.#store(found, next, password !== undefined);
    } finally {
      this.#users.delete(address);
    }
  }

  async #store(
    { account, source }: Extract<FoundInSource, { readonly kind: 'account' }>,
    next: string,
    isOwn: boolean,
  ): Promise<PasswordChanged> {
    const { user, credentials } = account;
    const fault = passwordFaultFor(next, [user.address, ...user.aliases]);
    if (fault !== undefined) return unfit(fault);
    const settings = this.#parts.sources().find(({ name }) => name === source);
    if (settings === undefined || !canBeWritten(settings)) return notWritable(source, settings?.kind);
    const stored = credentials.find(({ application }) => application === undefined)?.password ?? '';
    // What has proved the user is not what would be changed.
    if (isOwn && parseHash(stored).kind !== 'hash') return elsewhere;
    const made = await newPasswordLater(next, secretsOf(account)[0]?.secret);
    const change: StoredChange = { source, user: user.address, before: digestOfStored(stored), ...made };
    const outcome = await this.#parts.store(change);
    if (outcome.kind === 'refused') return outcome;
    this.#parts.changed(user.address);
    return { kind: 'changed', user: user.address };
  }
}

/** Sluice's own directory, in a file or in a database. */
function canBeWritten(settings: SourceSettings): boolean {
  return settings.kind === 'users' || (settings.kind === 'sqlite' && settings.query === undefined);
}

function unfit(fault: string): RefusedChange {
  return {
    kind: 'refused',
    code: 'PASSWORD_RULES',
    message: `The new password cannot be used: ${fault}.`,
    advice: 'Nothing was changed. Choose another one, of 8 characters or more.',
  };
}

function unknown(login: string): RefusedChange {
  return {
    kind: 'refused',
    code: 'DIRECTORY_USER',
    message: `There is no user ${login} in the directory.`,
    advice: '"sluice user list" shows the users of Sluice\'s own directory.',
  };
}

const ofApplication: RefusedChange = {
  kind: 'refused',
  code: 'PASSWORD_APPLICATION',
  message: 'This is the password of an application. Your own one is needed.',
  advice: 'Nothing was changed. A device that is lost or read by others must not be able to lock you out.',
};

const busy: RefusedChange = {
  kind: 'refused',
  code: 'PASSWORD_BUSY',
  message: 'The password of this user is being changed at this moment.',
  advice: 'Log in with the password that you know; if it is not taken, try again.',
};

const elsewhere: RefusedChange = {
  kind: 'refused',
  code: 'PASSWORD_SOURCE',
  message: 'This password is kept and checked by another program than Sluice.',
  advice:
    'Nothing was changed. Change it where it is kept: in the accounts of the system (passwd), or those of Dovecot.',
};

/** How passwords of other kinds of sources are changed. */
const waysOut: Readonly<Partial<Record<SourceSettings['kind'], string>>> = {
  passwd: 'write the file, with a hash that "doveadm pw" makes',
  vpopmail: "call vpopmail's vpasswd",
  sqlite: 'change the row in that database',
  postgresql: 'change the row in that database',
};

function notWritable(source: string, kind: SourceSettings['kind'] | undefined): RefusedChange {
  const way = kind === undefined ? undefined : waysOut[kind];
  return {
    kind: 'refused',
    code: 'PASSWORD_SOURCE',
    message: `The password is kept in the source "${source}" of the directory, which Sluice reads and does not write.`,
    advice: `Nothing was changed. Ask whoever looks after this server: ${way ?? 'change it where it is kept'}.`,
  };
}
