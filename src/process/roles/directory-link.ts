// The directory for a process that has no secrets: asks the keys process over a link. Promises: every question ends; while the keys process
// is away, silent or not wanted, with an answer that says that the directory cannot tell.

import type { Config } from '../../config/config.ts';
import { type DirectorySet, directoryOperations } from '../../control/operations/directory.ts';
import { type PasswordSet, passwordOperations } from '../../control/operations/passwords.ts';
import type { PasswordChange, PasswordChanged } from '../../directory/password-change.ts';
import type {
  Ban,
  CertificateLogin,
  Directory,
  Failing,
  FoundDomain,
  FoundUser,
  LoginAnswer,
  LoginMark,
  NotedFailure,
  PasswordLogin,
  ScramAnswer,
  ScramLogin,
  ScramStart,
  StillLoggedIn,
  TokenLogin,
} from '../../directory/types.ts';
import { hasDirectory } from '../../settings/directory.ts';
import { KeysCalls, type MakeKeysLink } from './keys-calls.ts';

type AskedSet = DirectorySet & PasswordSet;

export class DirectoryLink implements Directory {
  readonly #calls: KeysCalls<AskedSet>;

  constructor(makeLink: MakeKeysLink) {
    this.#calls = new KeysCalls<AskedSet>(
      { ...directoryOperations, ...passwordOperations },
      makeLink,
      'there is no [[directory]]',
    );
  }

  /** Connects when the configuration has a directory, and only then. */
  configure(config: Pick<Config, 'directory'>): void {
    this.#calls.configure(hasDirectory(config));
  }

  find(address: string): Promise<FoundUser> {
    return this.#ask('find', { address });
  }

  findDomain(domain: string): Promise<FoundDomain> {
    return this.#ask('find-domain', { domain });
  }

  checkPassword(login: PasswordLogin): Promise<LoginAnswer> {
    return this.#ask('check-password', login);
  }

  checkToken(login: TokenLogin): Promise<LoginAnswer> {
    return this.#ask('check-token', login);
  }

  checkCertificate(login: CertificateLogin): Promise<LoginAnswer> {
    return this.#ask('check-certificate', login);
  }

  startScram(login: string, client: string): Promise<ScramStart> {
    return this.#ask('scram-start', { login, client });
  }

  finishScram(login: ScramLogin, client: string): Promise<ScramAnswer> {
    return this.#ask('scram-finish', { ...login, client });
  }

  noteFailure(client: string): Promise<NotedFailure> {
    return this.#ask('note-failure', { client });
  }

  isStillLoggedIn(login: LoginMark): Promise<StillLoggedIn> {
    return this.#ask('is-still-logged-in', login);
  }

  async bans(): Promise<readonly Ban[] | Failing> {
    return this.#ask('bans', {});
  }

  async liftBans(target: string | undefined): Promise<readonly Ban[] | Failing> {
    return this.#ask('lift-bans', { target });
  }

  /** Only the control process is answered. */
  changePassword({ login, password, next }: PasswordChange): Promise<PasswordChanged> {
    return password === undefined
      ? this.#ask('set-password', { login, next })
      : this.#ask('change-password', { login, password, next });
  }

  /** Calls back as soon as questions can be asked, or when none are wanted. */
  whenLinked(callback: () => void): void {
    this.#calls.whenLinked(callback);
  }

  close(): void {
    this.#calls.close();
  }

  #ask<Name extends keyof AskedSet & string>(
    name: Name,
    question: AskedSet[Name]['question'],
  ): Promise<AskedSet[Name]['answer'] | Failing> {
    return this.#calls.ask(name, question);
  }
}
