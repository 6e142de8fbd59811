// The keys role: has the directory of users and their stored passwords, and answers other processes who a user is and whether a password is
// right. It talks to no network but to the sources that the configuration names, and nobody gets a stored password from it.

import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Channel } from '../../channel/channel.ts';
import { keysFolder } from '../../channel/keys-socket.ts';
import type { Asked, Hello, Response, RoleFacts } from '../../channel/messages.ts';
import { OperationAnswerer } from '../../channel/operation-answerer.ts';
import { hasPass } from '../../channel/pass.ts';
import type { Config } from '../../config/config.ts';
import { directoryOperations, directoryService } from '../../control/operations/directory.ts';
import { GuardedDirectory } from '../../directory/guarded-directory.ts';
import { KeptLimits } from '../../directory/kept-limits.ts';
import { Users } from '../../directory/users.ts';
import { makeFolder } from '../../io/make-folder.ts';
import { nodeTimers } from '../../io/timers.ts';
import { replaceFile } from '../../io/replace-file.ts';
import type { Logger } from '../../log/logger.ts';
import { HashPool } from '../../password/hash-pool.ts';
import { directorySettings, guardSettings } from '../../settings/directory.ts';
import type { Troubles } from '../../stats/troubles.ts';
import type { Role } from '../role.ts';

const secretBytes = 32;

/** What other processes send here. */
export type ToKeys = Hello | Asked;

export class KeysRole implements Role {
  readonly facts: RoleFacts = {};
  readonly #users: Users;
  readonly #guarded: GuardedDirectory;
  readonly #kept: KeptLimits;
  readonly #log: Logger;
  readonly #waiting = new Set<() => void>();

  private constructor(users: Users, config: Config, log: Logger) {
    this.#users = users;
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
  }

  /** Opens the sources; their files are read in the background. */
  static start(config: Config, log: Logger, troubles: Troubles): KeysRole {
    const settings = directorySettings(config);
    const pool = new HashPool({ threads: settings.hashThreads });
    const secret = secretOf(keysFolder(config.spool), log);
    return new KeysRole(new Users(settings, { log, troubles, pool, secret }), config, log);
  }

  /**
   * Answers a process that has proved its role, or shares this one.
   * @param first - what it has sent before
   */
  answer(channel: Channel<Response, ToKeys>, first: readonly ToKeys[] = []): void {
    const answerer = new OperationAnswerer(
      {
        set: directoryOperations,
        service: directoryService(this.#guarded),
        party: 'The keys process',
        before: () => undefined,
        failed: (message) => this.#log.error(`a question to the directory failed: ${message}`),
      },
      (response) => channel.post(response),
    );
    channel.onClosed(() => answerer.lost());
    const take = (batch: readonly ToKeys[]): void => {
      for (const message of batch) if (message.kind !== 'hello') answerer.take(message);
    };
    channel.receive(take);
    take(first);
  }

  configure(config: Config): void {
    this.#users.configure(directorySettings(config));
    this.#guarded.configure(guardSettings(config));
  }

  drain(): void {
    // Nothing to do: log-ins are answered until the end of the stop.
  }

  async stop(): Promise<void> {
    for (const end of this.#waiting) end();
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

/** Consumes the first message of a channel, the hello: only a receiver or the control process may ask. */
export function answerOnHello(
  keys: KeysRole,
  channel: Channel<Response, ToKeys>,
  passKey: string,
  log: Logger,
) {
  return (batch: readonly ToKeys[]): void => {
    const [hello, ...rest] = batch;
    const isAsker = hello?.kind === 'hello' && (hello.role === 'receiver' || hello.role === 'control');
    if (!isAsker || !hasPass(passKey, hello)) {
      log.error(
        'a process that cannot prove its role has connected to the keys process, and was turned away',
      );
      channel.close();
      return;
    }
    keys.answer(channel, rest);
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
