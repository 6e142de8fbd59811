// The directory: asks the sources in their order, checks passwords, and answers the server's side of SCRAM. It is the `Directory` in the process
// that holds the secrets; other processes reach it over a link.
// Promises: the first source that knows a user decides; one that cannot tell makes the answer failing. A log-in of an unknown user costs as
// much time as one with a wrong password, and SCRAM shows no difference.

import { createHmac } from 'node:crypto';
import { isQuick } from '../password/check-password.ts';
import { parseHash } from '../password/parse-hash.ts';
import type { HashPool, PasswordCheck } from '../password/hash-pool.ts';
import { scramIterations } from '../password/new-password.ts';
import type { ParsedHash } from '../password/parsed-hash.ts';
import { checkScramProof } from '../password/scram.ts';
import { tableKey } from '../table/table-key.ts';
import type { TablesParts } from '../table/tables.ts';
import { type Account, type FoundInSource, inOrderOfCost } from './account.ts';
import { accountKey } from './account-key.ts';
import type { Guarded } from './guarded-directory.ts';
import { KnownPasswords } from './known-passwords.ts';
import { secretsOf } from './scram-secrets.ts';
import { LoginMarks } from './login-marks.ts';
import type { DirectorySettings } from './settings.ts';
import { Sources } from './sources/open-sources.ts';
import { TokenIssuers } from './tokens/token-issuers.ts';
import { checkToken } from './tokens/token-log-ins.ts';
import type { CheckedElsewhere, PasswordSource } from './sources/source.ts';
import { usualHash } from './usual-hash.ts';
import { checkCertificate, type KnownUsers } from './named-log-ins.ts';
import type {
  CertificateLogin,
  FoundDomain,
  FoundUser,
  LoginAnswer,
  LoginMark,
  PasswordLogin,
  ScramAnswer,
  ScramLogin,
  ScramStart,
  StillLoggedIn,
  TokenLogin,
} from './types.ts';

/** A longer name is nobody's. */
const longestLogin = 1_000;
/** Of the salt that an unknown user seems to have; new passwords have as many. */
const saltBytes = 16;

export interface UsersParts extends TablesParts {
  /** Keeps the salts of unknown users the same over restarts. */
  readonly secret: Uint8Array;
  readonly pool: HashPool;
}

export class Users implements Guarded {
  readonly #parts: UsersParts;
  readonly #sources: Sources;
  readonly #issuers: TokenIssuers;
  readonly #known = new KnownPasswords();
  readonly #marks: LoginMarks;
  readonly #named: KnownUsers = {
    keyOf: (login) => this.keyOf(login),
    find: (key) => this.#findAccount(key),
    right: (account) => this.#marks.right(account, undefined),
  };
  #settings: DirectorySettings;
  /** Sources that check passwords, and could not tell when they were asked last. */
  readonly #failing = new Set<string>();
  /** The stored form of the last password that was computed: what an unknown user costs. */
  #usual: ParsedHash | undefined;

  constructor(settings: DirectorySettings, parts: UsersParts) {
    this.#parts = parts;
    this.#marks = new LoginMarks(parts.secret);
    this.#settings = settings;
    this.#sources = new Sources(parts);
    this.#issuers = new TokenIssuers(parts);
    this.configure(settings);
  }

  configure(settings: DirectorySettings): void {
    this.#settings = settings;
    for (const name of this.#failing) this.#parts.troubles.clear(`directory:${name}`);
    this.#failing.clear();
    this.#sources.configure(settings.sources);
    this.#issuers.configure(settings.tokenIssuers);
    this.#parts.pool.resize(settings.hashThreads);
  }

  /** Resolves when the files of the sources have been read. */
  async settled(): Promise<void> {
    await this.#sources.settled();
  }

  async close(): Promise<void> {
    this.#parts.pool.close();
    this.#issuers.close();
    await this.#sources.close();
  }

  async find(address: string): Promise<FoundUser> {
    const found = await this.#findAccount(this.keyOf(address));
    return found.kind === 'account' ? { kind: 'user', user: found.account.user } : found;
  }

  async findDomain(domain: string): Promise<FoundDomain> {
    const key = tableKey(domain);
    for (const source of this.#sources.list) {
      if (source.kind !== 'accounts') continue;
      const found = await source.findDomain(key);
      if (found.kind !== 'absent') return found;
    }
    return { kind: 'absent' };
  }

  async checkPassword(login: PasswordLogin): Promise<LoginAnswer> {
    const name = this.keyOf(login.login);
    const found = await this.#findAccount(name);
    if (found.kind === 'failing') return found;
    if (found.kind === 'absent') return this.#checkElsewhere({ ...login, login: name }, undefined);
    const { account } = found;
    if (account.isDisabled) return this.#wrong(login, 'the user may not log in');
    if (account.credentials.length === 0) return this.#checkElsewhere({ ...login, login: name }, account);
    return this.#checkCredentials(account, login, name);
  }

  checkToken(login: TokenLogin): Promise<LoginAnswer> {
    return checkToken(login, this.#issuers, this.#named);
  }

  checkCertificate(login: CertificateLogin): Promise<LoginAnswer> {
    return checkCertificate(login, this.#named);
  }

  async isStillLoggedIn(login: LoginMark): Promise<StillLoggedIn> {
    return this.#marks.still(login, await this.#findAccount(login.address));
  }

  async startScram(login: string): Promise<ScramStart> {
    const name = this.keyOf(login);
    const found = await this.#findAccount(name);
    if (found.kind === 'failing') return found;
    const [first] = found.kind === 'account' && !found.account.isDisabled ? secretsOf(found.account) : [];
    if (first === undefined)
      return { kind: 'salt', salt: this.#saltOfNobody(name), iterations: scramIterations };
    const { salt, iterations } = first.secret;
    return { kind: 'salt', salt: Buffer.from(salt).toString('base64'), iterations };
  }

  async finishScram({ login, authMessage, proof }: ScramLogin): Promise<ScramAnswer> {
    const found = await this.#findAccount(this.keyOf(login));
    if (found.kind === 'failing') return found;
    if (found.kind === 'absent') return { kind: 'wrong', reason: 'there is no such user' };
    const { account } = found;
    if (account.isDisabled) return { kind: 'wrong', reason: 'the user may not log in' };
    const secrets = secretsOf(account);
    if (secrets.length === 0)
      return { kind: 'wrong', reason: 'no secret of SCRAM-SHA-256 is stored for the user' };
    for (const { secret, application } of secrets) {
      const signature = checkScramProof(secret, authMessage, Buffer.from(proof, 'base64'));
      if (signature !== undefined)
        return { ...this.#marks.right(account, application), signature: signature.toString('base64') };
    }
    return { kind: 'wrong', reason: 'the password is wrong' };
  }

  /** The name under which failed log-ins count: the user's address, or the form of a name that is nobody's. */
  async countedAs(login: string): Promise<string> {
    const key = this.keyOf(login);
    const found = await this.#findAccount(key);
    return found.kind === 'account' ? found.account.user.address : key;
  }

  locate(login: string): Promise<FoundInSource> {
    return this.#findAccount(this.keyOf(login));
  }

  /** The form of a name in which sources are asked. */
  keyOf(login: string): string {
    const { defaultDomain } = this.#settings;
    return accountKey(login.includes('@') || defaultDomain === '' ? login : `${login}@${defaultDomain}`);
  }

  async #findAccount(name: string): Promise<FoundInSource> {
    if (name === '' || name.length > longestLogin || name.includes('\0')) return { kind: 'absent' };
    for (const source of this.#sources.list) {
      if (source.kind !== 'accounts') continue;
      const found = await source.find(name);
      if (found.kind === 'failing')
        return { kind: 'failing', reason: `the source "${source.name}": ${found.reason}` };
      if (found.kind === 'account') return { ...found, source: source.name };
    }
    return { kind: 'absent' };
  }

  /** Application passwords first: they are quick, and a wrong password costs one slow hash then, however many there are. */
  async #checkCredentials(account: Account, login: PasswordLogin, name: string): Promise<LoginAnswer> {
    let problem: string | undefined;
    let isAnyChecked = false;
    for (const credential of inOrderOfCost(account.credentials)) {
      const read = parseHash(credential.password);
      if (read.kind === 'refused') problem ??= `${read.reason}. ${read.advice}`;
      if (read.kind !== 'hash') continue;
      isAnyChecked = true;
      const check = await this.#check(read.hash, credential.password, login);
      const { application } = credential;
      if (check.kind === 'fits') return this.#marks.right(account, application);
      if (check.kind === 'unknown') return { kind: 'failing', reason: check.reason };
    }
    if (problem !== undefined) return this.#checkElsewhere({ ...login, login: name }, account, problem);
    return isAnyChecked
      ? { kind: 'wrong', reason: 'the password is wrong' }
      : this.#wrong(login, 'the user has no password, or a locked one');
  }

  /** Passwords that are not stored in a source that knows users, or in a form that Sluice does not check. */
  async #checkElsewhere(
    login: PasswordLogin,
    account: Account | undefined,
    problem?: string,
  ): Promise<LoginAnswer> {
    let isAsked = false;
    for (const source of this.#sources.list) {
      if (source.kind !== 'passwords' || !source.isFor(login.login)) continue;
      isAsked = true;
      const check = await this.#checkBy(source, login);
      if (check.kind === 'failing')
        return { kind: 'failing', reason: `the source "${source.name}": ${check.reason}` };
      if (check.kind === 'right')
        return account === undefined
          ? { kind: 'right', user: userNamed(login.login) }
          : this.#marks.right(account, undefined);
    }
    // Sluice cannot tell whether the password is right: the user would be asked for another one in vain.
    if (problem !== undefined && !isAsked)
      return { kind: 'failing', reason: `the user ${login.login}: ${problem}` };
    const reason = account === undefined ? 'there is no such user' : 'the user has no password that fits';
    return isAsked ? { kind: 'wrong', reason } : this.#wrong(login, reason);
  }

  async #checkBy(source: PasswordSource, login: PasswordLogin): Promise<CheckedElsewhere> {
    // As a stored password, which no hash is: a zero byte is in none.
    const stored = `${source.name}\0${login.login}`;
    if (this.#known.isKnown(stored, login.password)) return { kind: 'right' };
    const check = await source.check(login);
    this.#report(source.name, check);
    if (check.kind === 'right') this.#known.remember(stored, login.password, source.rememberMs);
    return check;
  }

  /** Sources that are tables tell of their troubles themselves. */
  #report(name: string, check: CheckedElsewhere): void {
    const { log, troubles } = this.#parts;
    const wasFailing = this.#failing.has(name);
    if (check.kind === 'failing') {
      const text = `The source "${name}" of the directory cannot tell: ${check.reason}. Log-ins that depend on it get temporary errors.`;
      troubles.raise(
        `directory:${name}`,
        'critical',
        text,
        'Look after the program or server behind it; log-ins go on by themselves.',
      );
      this.#failing.add(name);
      if (!wasFailing) log.error(text);
    } else if (wasFailing) {
      troubles.clear(`directory:${name}`);
      this.#failing.delete(name);
      log.info(`what was wrong with the source "${name}" of the directory is over`);
    }
  }

  async #check(
    hash: ParsedHash,
    stored: string,
    { password, client }: PasswordLogin,
  ): Promise<PasswordCheck> {
    const isKnown = (): boolean => this.#known.isKnown(stored, password);
    if (isKnown()) return { kind: 'fits' };
    // A slow one: application passwords are quick, and every user has a slow one of his own beside them.
    if (this.#usual === undefined || isQuick(this.#usual) || !isQuick(hash)) this.#usual = hash;
    const check = await this.#parts.pool.check(hash, password, client, isKnown);
    if (check.kind === 'fits') this.#known.remember(stored, password, this.#settings.rememberMs);
    return check;
  }

  /** The answer for a user without a password to check, in the time that one would take. */
  async #wrong({ password, client }: PasswordLogin, reason: string): Promise<LoginAnswer> {
    const check = await this.#parts.pool.check(this.#usual ?? usualHash(), password, client);
    return check.kind === 'unknown' ? { kind: 'failing', reason: check.reason } : { kind: 'wrong', reason };
  }

  #saltOfNobody(name: string): string {
    const digest = createHmac('sha256', this.#parts.secret).update(name).digest();
    return digest.subarray(0, saltBytes).toString('base64');
  }
}

/** Of a source that checks passwords, nothing is known but that the user exists. */
function userNamed(address: string) {
  return { address, aliases: [], senders: [] };
}
