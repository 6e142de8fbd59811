// The directory for a process that has no secrets: asks the keys process over a link. Promises: every question ends; while the keys process
// is away, silent or not wanted, with an answer that says that the directory cannot tell.

import type { Config } from '../../config/config.ts';
import { type DirectorySet, directoryOperations } from '../../control/operations/directory.ts';
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

export class DirectoryLink implements Directory {
  readonly #calls: KeysCalls<DirectorySet>;

  constructor(makeLink: MakeKeysLink) {
    this.#calls = new KeysCalls(directoryOperations, makeLink, 'there is no [[directory]]');
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

  /** Calls back as soon as questions can be asked, or when none are wanted. */
  whenLinked(callback: () => void): void {
    this.#calls.whenLinked(callback);
  }

  close(): void {
    this.#calls.close();
  }

  #ask<Name extends keyof DirectorySet & string>(
    name: Name,
    question: DirectorySet[Name]['question'],
  ): Promise<DirectorySet[Name]['answer'] | Failing> {
    return this.#calls.ask(name, question);
  }
}
