// The directory for a process that has no secrets: asks the keys process over a link. Promises: every question ends; while the keys process
// is away, silent or not wanted, with an answer that says that the directory cannot tell.

import type { Config } from '../../config/config.ts';
import type { Link } from '../../channel/link.ts';
import type { Asked, Response } from '../../channel/messages.ts';
import { OperationCaller } from '../../channel/operation-caller.ts';
import { ControlError } from '../../control/control-error.ts';
import { type DirectorySet, directoryOperations } from '../../control/operations/directory.ts';
import type {
  Ban,
  CertificateLogin,
  Directory,
  Failing,
  FoundDomain,
  FoundUser,
  LoginAnswer,
  NotedFailure,
  PasswordLogin,
  ScramAnswer,
  ScramLogin,
  ScramStart,
  TokenLogin,
} from '../../directory/types.ts';
import { hasDirectory } from '../../settings/directory.ts';
import { beatEveryMs, Heartbeat } from '../watch/heartbeat.ts';

/** Questions under way at most: a keys process that hangs must not fill the memory of this one. */
const mostPending = 20_000;

/** A link that connects when it is opened. */
export interface KeysLink extends Link<Asked> {
  open(): Promise<void>;
}

export class DirectoryLink implements Directory {
  readonly #makeLink: (link: DirectoryLink) => KeysLink;
  readonly #calls: OperationCaller<DirectorySet>;
  #link: KeysLink | undefined;
  /** Heartbeat of the keys process, while questions wait. */
  #heartbeat = new Heartbeat();
  #timer: NodeJS.Timeout | undefined;

  /** @param makeLink - its messages go to `take`, and its loss to `lost` */
  constructor(makeLink: (link: DirectoryLink) => KeysLink) {
    this.#makeLink = makeLink;
    this.#calls = new OperationCaller(directoryOperations, 'The keys process', (message) =>
      this.#link?.post(message),
    );
  }

  /** Connects when the configuration has a directory, and only then. */
  configure(config: Pick<Config, 'directory'>): void {
    if (hasDirectory(config) === (this.#link !== undefined)) return;
    if (this.#link !== undefined) {
      this.close();
      return;
    }
    this.#link = this.#makeLink(this);
    void this.#link.open();
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

  async bans(): Promise<readonly Ban[] | Failing> {
    return this.#ask('bans', {});
  }

  async liftBans(target: string | undefined): Promise<readonly Ban[] | Failing> {
    return this.#ask('lift-bans', { target });
  }

  take(batch: readonly Response[]): void {
    this.#heartbeat.answered();
    for (const response of batch) this.#calls.take(response);
  }

  lost(): void {
    this.#reject('the keys process is being restarted');
  }

  close(): void {
    const link = this.#link;
    this.#link = undefined;
    this.#reject('the directory is not in use any more');
    this.#stopHeartbeat();
    link?.close();
  }

  async #ask<Name extends keyof DirectorySet & string>(
    name: Name,
    question: DirectorySet[Name]['question'],
  ): Promise<DirectorySet[Name]['answer'] | Failing> {
    if (this.#link === undefined) return { kind: 'failing', reason: 'there is no [[directory]]' };
    if (this.#calls.pending >= mostPending)
      return { kind: 'failing', reason: 'too many questions wait for the keys process' };
    const answer = this.#calls.ask(name, question);
    this.#timer ??= setInterval(() => this.#beat(), beatEveryMs);
    try {
      return await answer;
    } catch (error) {
      return { kind: 'failing', reason: error instanceof Error ? error.message : String(error) };
    }
  }

  /** Hashes take time, and others that wait get their turn first: only a process that does not even answer pings is given up. */
  #beat(): void {
    if (this.#calls.pending === 0) return this.#stopHeartbeat();
    if (this.#heartbeat.beat()) this.#calls.ask('ping', {}).catch(() => undefined);
    if (!this.#heartbeat.isStalled) return;
    this.#reject('the keys process does not answer');
    this.#stopHeartbeat();
  }

  #reject(reason: string): void {
    this.#calls.rejectAll(new ControlError('KEYS_LOST', reason));
  }

  #stopHeartbeat(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#heartbeat = new Heartbeat();
  }
}
