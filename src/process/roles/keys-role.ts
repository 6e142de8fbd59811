// The keys role: has the directory of users with their stored passwords, and the private keys that sign mail. It answers other processes who a
// user is and whether a password is right, and signs the header fields that it is given. It talks to no network but to the sources and issuers of tokens that the configuration names, and nobody gets a stored password from it.

import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Channel } from '../../channel/channel.ts';
import { keysFolder } from '../../channel/keys-socket.ts';
import type { Asked, KeysHello, Response, RoleFacts } from '../../channel/messages.ts';
import { OperationAnswerer } from '../../channel/operation-answerer.ts';
import { hasPass } from '../../channel/pass.ts';
import type { Config } from '../../config/config.ts';
import {
  type DirectorySet,
  directoryOperations,
  directoryService,
  type MailboxUserSet,
  mailboxUserOperations,
  mailboxUserService,
} from '../../control/operations/directory.ts';
import { type PasswordSet, passwordOperations, passwordService } from '../../control/operations/passwords.ts';
import { type SigningSet, signingOperations, signingService } from '../../control/operations/signing.ts';
import { GuardedDirectory } from '../../directory/guarded-directory.ts';
import type { StoreChange } from '../../directory/password-change.ts';
import { PasswordChanges } from '../../directory/password-changes.ts';
import type { DirectorySettings } from '../../directory/settings.ts';
import { Events, logListener } from '../../log/events.ts';
import { KeptLimits } from '../../directory/kept-limits.ts';
import { Users } from '../../directory/users.ts';
import { makeFolder } from '../../io/make-folder.ts';
import { nodeTimers } from '../../io/timers.ts';
import { replaceFile } from '../../io/replace-file.ts';
import type { Logger } from '../../log/logger.ts';
import type { EventCounters } from '../../log/event-counters.ts';
import { HashPool } from '../../password/hash-pool.ts';
import { directorySettings, guardSettings } from '../../settings/directory.ts';
import { signingRules } from '../../settings/signing.ts';
import { KeyStore } from '../../signing/key-store.ts';
import { MailSigner } from '../../signing/mail-signer.ts';
import { SignatureDesk } from '../../signing/signature-desk.ts';
import type { Troubles } from '../../stats/troubles.ts';
import type { Role } from '../role.ts';

const secretBytes = 32;

/** What other processes send here. */
export type ToKeys = KeysHello | Asked;

export interface KeysParts {
  readonly log: Logger;
  readonly troubles: Troubles;
  readonly counters: EventCounters;
  /** Writes a new password into its source, which this process may not. */
  readonly store: StoreChange;
}

export class KeysRole implements Role {
  readonly facts: RoleFacts = {};
  readonly #users: Users;
  readonly #guarded: GuardedDirectory;
  readonly #kept: KeptLimits;
  readonly #signer: MailSigner;
  readonly #passwords: PasswordChanges;
  #settings: DirectorySettings;
  readonly #log: Logger;
  readonly #waiting = new Set<() => void>();

  private constructor(
    users: Users,
    signer: MailSigner,
    config: Config,
    { log, counters, store }: Omit<KeysParts, 'troubles'>,
  ) {
    this.#users = users;
    this.#settings = directorySettings(config);
    this.#signer = signer;
    this.#log = log;
    this.#guarded = new GuardedDirectory(users, guardSettings(config), {
      log,
      now: () => performance.now(),
      wait: (ms) => this.#wait(ms),
    });
    this.#kept = new KeptLimits(this.#guarded.limits, {
      path: join(keysFolder(config.spool), 'failed-logins'),
      log,
      timers: nodeTimers,
      nowMs: () => performance.now(),
      unixMs: () => Date.now(),
    });
    const events = new Events([logListener(log), counters]);
    this.#passwords = new PasswordChanges({
      prove: (login, password) => this.#guarded.provePassword(login, password),
      locate: (login) => users.locate(login),
      sources: () => this.#settings.sources,
      store,
      changed: (user) => events.happened('passwordChanged', { user }),
    });
  }

  /**
   * Opens the sources; their files are read in the background.
   */
  static start(config: Config, { log, troubles, counters, store }: KeysParts): KeysRole {
    const settings = directorySettings(config);
    const pool = new HashPool({ threads: settings.hashThreads });
    const secret = secretOf(keysFolder(config.spool), log);
    const users = new Users(settings, { log, troubles, pool, secret });
    const keys = new KeyStore(() => performance.now());
    const desk = new SignatureDesk();
    const signer = new MailSigner(signingRules(config), { keys, desk, log, troubles, dateMs: Date.now });
    return new KeysRole(users, signer, config, { log, counters, store });
  }

  /**
   * Answers a process that has proved its role, or shares this one.
   * @param first - what it has sent before
   */
  answer(channel: Channel<Response, ToKeys>, asker: KeysHello['role'], first: readonly ToKeys[] = []): void {
    const answerer = this.#answererFor(asker, (response) => channel.post(response));
    channel.onClosed(() => answerer.lost());
    const take = (batch: readonly ToKeys[]): void => {
      for (const message of batch) if (message.kind !== 'hello') answerer.take(message);
    };
    channel.receive(take);
    take(first);
  }

  /** Each role may ask what it needs, and nothing else: only the control process has passwords changed, only receivers have mail of users signed, the manager asks about no user, and senders about no password. */
  #answererFor(
    asker: KeysHello['role'],
    respond: (response: Response) => void,
  ): Pick<OperationAnswerer<DirectorySet>, 'take' | 'lost'> {
    const common = {
      party: 'The keys process',
      before: () => undefined,
      failed: (message: string) => this.#log.error(`a question to the keys process failed: ${message}`),
    } as const;
    const [directory, signing] = [directoryService(this.#guarded), signingService(this.#signer)];
    switch (asker) {
      case 'manager':
        return new OperationAnswerer<SigningSet>(
          { set: signingOperations, service: signing, ...common },
          respond,
        );
      case 'control':
        return new OperationAnswerer<DirectorySet & PasswordSet>(
          {
            set: { ...directoryOperations, ...passwordOperations },
            service: {
              ...directory,
              ...passwordService((question) => this.#passwords.change(question)),
            },
            ...common,
          },
          respond,
        );
      case 'pop3':
        return new OperationAnswerer<DirectorySet>(
          { set: directoryOperations, service: directory, ...common },
          respond,
        );
      case 'sender':
        return new OperationAnswerer<MailboxUserSet>(
          { set: mailboxUserOperations, service: mailboxUserService(this.#guarded), ...common },
          respond,
        );
      case 'receiver':
        return new OperationAnswerer<DirectorySet & SigningSet>(
          {
            set: { ...directoryOperations, ...signingOperations },
            service: { ...directory, ...signing },
            ...common,
          },
          respond,
        );
    }
  }

  configure(config: Config): void {
    this.#settings = directorySettings(config);
    this.#users.configure(this.#settings);
    this.#guarded.configure(guardSettings(config));
    this.#signer.configure(signingRules(config));
  }

  drain(): void {
    // Nothing to do: log-ins are answered until the end of the stop.
  }

  async stop(): Promise<void> {
    for (const end of this.#waiting) end();
    this.#signer.stop();
    await this.#users.close();
    await this.#kept.close();
  }

  /** Ends early when the role stops. */
  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(end);
        resolve();
      };
      const timer = setTimeout(end, ms);
      this.#waiting.add(end);
    });
  }
}

/** Who may ask: the manager has its reports signed, and senders ask who has a mailbox. */
const askers: ReadonlySet<KeysHello['role']> = new Set(['receiver', 'sender', 'manager', 'control', 'pop3']);

/** Consumes the first message of a channel, the hello. */
export function answerOnHello(
  keys: KeysRole,
  channel: Channel<Response, ToKeys>,
  passKey: string,
  log: Logger,
) {
  return (batch: readonly ToKeys[]): void => {
    const [hello, ...rest] = batch;
    const isAsker = hello?.kind === 'hello' && askers.has(hello.role);
    if (!isAsker || !hasPass(passKey, hello)) {
      log.error(
        'a process that cannot prove its role has connected to the keys process, and was turned away',
      );
      channel.close();
      return;
    }
    keys.answer(channel, hello.role, rest);
  };
}

/** Made once: with another one, the salts that users seem to have who do not exist would change at each start, and give them away. */
function secretOf(folder: string, log: Pick<Logger, 'warn'>): Uint8Array {
  const path = join(folder, 'secret');
  try {
    const stored = readFileSync(path);
    if (stored.length === secretBytes) return stored;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const secret = randomBytes(secretBytes);
  try {
    makeFolder(folder, 0o700);
    replaceFile(path, secret, { mode: 0o600 });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    log.warn(`the secret of the directory cannot be stored, so the next start makes another: ${why}`);
  }
  return secret;
}
