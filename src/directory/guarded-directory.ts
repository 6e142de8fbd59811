// The directory as clients on the network see it: log-ins that have failed too often are not checked any more for a time, and those that
// fail are answered after the same time, whatever was wrong. The process that holds the secrets has it in front of them, so
// that it sees the log-ins of all receivers.

import { formatDuration } from '../values/duration.ts';
import { EvenTimes } from './even-times.ts';
import { LoginLimits, type LoginAttempt, type LoginLimitSettings } from './login-limits.ts';
import type {
  Ban,
  Banned,
  CertificateLogin,
  Directory,
  FoundDomain,
  FoundUser,
  LoginAnswer,
  LoginBans,
  LoginMark,
  NotedFailure,
  PasswordLogin,
  ScramAnswer,
  ScramLogin,
  ScramStart,
  StillLoggedIn,
  TokenLogin,
  WrongLogin,
} from './types.ts';

export interface GuardSettings extends LoginLimitSettings {
  /** From a log-in to the answer that it has failed, if finding out has not taken longer; then twice this time, and so on. */
  readonly failureDelayMs: number;
}

export interface GuardParts {
  readonly log: { warn(message: string): void };
  /** In ms, of a monotonic clock. */
  readonly now: () => number;
  /** Resolves after this time. */
  readonly wait: (ms: number) => Promise<void>;
}

/** What is behind it. Failures are counted in front of it, under the name that `countedAs` gives: that of the user, by whatever alias the client says. */
export type Guarded = Omit<Directory, 'noteFailure'> & { countedAs(login: string): Promise<string> };

/** The salt of a log-in by SCRAM is given after this time: longer than a look-up in a file or a database of this host. */
const saltStepMs = 10;
/** That an answer waits because others were slow to find. */
const [mostFailureMs, mostSaltMs] = [5_000, 100];

const kinds: Readonly<Record<Ban['kind'], string>> = {
  client: 'the client',
  network: 'clients in the network',
  user: 'the user name',
};

/** Who tries to log in, as the client says it. */
interface Named {
  readonly login: string;
  readonly client: string;
  readonly alwaysCounts?: true;
}

export class GuardedDirectory implements Directory, LoginBans {
  readonly #directory: Guarded;
  readonly #parts: GuardParts;
  readonly limits: LoginLimits;
  #failureDelayMs: number;
  readonly #failures: EvenTimes;
  readonly #salts: EvenTimes;

  constructor(directory: Guarded, settings: GuardSettings, parts: GuardParts) {
    this.#directory = directory;
    this.#parts = parts;
    this.limits = new LoginLimits(settings);
    this.#failureDelayMs = settings.failureDelayMs;
    this.#failures = new EvenTimes(parts, mostFailureMs);
    this.#salts = new EvenTimes(parts, mostSaltMs);
  }

  configure(settings: GuardSettings): void {
    this.limits.configure(settings);
    this.#failureDelayMs = settings.failureDelayMs;
  }

  find(address: string): Promise<FoundUser> {
    return this.#directory.find(address);
  }

  findDomain(domain: string): Promise<FoundDomain> {
    return this.#directory.findDomain(domain);
  }

  checkPassword(login: PasswordLogin): Promise<LoginAnswer> {
    return this.#guard(named(login), () => this.#directory.checkPassword(login));
  }

  /** The password of somebody on this host who wants to change it. */
  provePassword(login: string, password: string): Promise<LoginAnswer> {
    const question = { login, password, client: '', isEncrypted: true };
    return this.#guard({ login, client: '', alwaysCounts: true }, () =>
      this.#directory.checkPassword(question),
    );
  }

  checkToken(login: TokenLogin): Promise<LoginAnswer> {
    return this.#guard(named(login), () => this.#directory.checkToken(login));
  }

  checkCertificate(login: CertificateLogin): Promise<LoginAnswer> {
    return this.#guard(named(login), () => this.#directory.checkCertificate(login));
  }

  /** A client that begins has not failed yet: only a ban is looked for. */
  async startScram(login: string, client: string): Promise<ScramStart> {
    const start = async (): Promise<ScramStart> => {
      const ban = this.limits.banOf(await this.#attempt({ login, client }), this.#parts.now());
      return ban === undefined ? this.#directory.startScram(login, client) : { kind: 'banned', ban };
    };
    return this.#salts.give(saltStepMs, start, ({ kind }) => kind === 'salt');
  }

  finishScram(login: ScramLogin, client: string): Promise<ScramAnswer> {
    return this.#guard({ login: login.login, client }, () => this.#directory.finishScram(login, client));
  }

  async noteFailure(client: string): Promise<NotedFailure> {
    const failed: WrongLogin = { kind: 'wrong', reason: '' };
    const answer = await this.#guard({ login: '', client }, () => Promise.resolve(failed));
    return answer.kind === 'wrong' ? { kind: 'noted' } : answer;
  }

  isStillLoggedIn(login: LoginMark): Promise<StillLoggedIn> {
    return this.#directory.isStillLoggedIn(login);
  }

  bans(): Promise<readonly Ban[]> {
    return Promise.resolve(this.limits.bans(this.#parts.now()));
  }

  liftBans(target: string | undefined): Promise<readonly Ban[]> {
    return Promise.resolve(this.limits.lift(target, this.#parts.now()));
  }

  async #attempt({ login, ...how }: Named): Promise<LoginAttempt> {
    // Without a name, the token alone says who it is: only the client counts.
    return { user: login === '' ? '' : await this.#directory.countedAs(login), ...how };
  }

  async #guard<Answer extends LoginAnswer>(
    who: Named,
    check: () => Promise<Answer>,
  ): Promise<Answer | Banned> {
    const { now } = this.#parts;
    const counted = async (): Promise<Answer | Banned> => {
      const attempt = await this.#attempt(who);
      const ban = this.limits.banOf(attempt, now());
      if (ban !== undefined) return { kind: 'banned', ban };
      const answer = await check();
      if (answer.kind === 'right')
        this.limits.succeeded({ ...attempt, user: attempt.user === '' ? answer.user.address : attempt.user });
      if (answer.kind === 'wrong')
        for (const begun of this.limits.failed(attempt, now())) this.#logBan(begun);
      return answer;
    };
    return this.#failures.give(this.#failureDelayMs, counted, ({ kind }) => kind === 'wrong');
  }

  #logBan({ kind, target, remainingMs }: Ban): void {
    const time = formatDuration(remainingMs);
    this.#parts.log.warn(
      `too many log-ins have failed: ${kinds[kind]} ${target} may not log in for ${time}; "sluice bans lift ${target}" ends it`,
    );
  }
}

/** Without what proves it. */
function named({ login, client }: Named): Named {
  return { login, client };
}
