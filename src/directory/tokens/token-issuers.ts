// All issuers whose tokens users may log in with: finds the one that a token is of, and checks it there.
// Promises: a token that names an issuer is shown to no other; an issuer that cannot tell makes the answer failing, and never a token invalid.

import type { TokenIssuerConfig } from '../../config/token-issuer-config.ts';
import { nodeTimers } from '../../io/timers.ts';
import type { TablesParts } from '../../table/tables.ts';
import { OwnDomains } from '../sources/source.ts';
import type { Failing } from '../types.ts';
import { whomClaimsName } from './claims.ts';
import { failing, JsonFetcher } from './fetch-json.ts';
import { HostLookups } from './host-lookups.ts';
import { Introspection } from './introspection.ts';
import { trustedBy } from './trusted-by.ts';
import { claimedIssuer } from './claimed-issuer.ts';
import type { Verified } from './signed-token.ts';

export type CheckedToken =
  /** @param name - as the issuer knows the user */
  | { readonly kind: 'valid'; readonly name: string; readonly issuer: Pick<TokenIssuer, 'isFor'> }
  | { readonly kind: 'invalid'; readonly reason: string }
  | Failing;

export class TokenIssuers {
  readonly #parts: TablesParts;
  readonly #lookups = new HostLookups();
  #issuers: readonly TokenIssuer[] = [];

  constructor(parts: TablesParts) {
    this.#parts = parts;
  }

  /** An issuer whose settings are the same keeps what it knows. */
  configure(settings: readonly TokenIssuerConfig[]): void {
    const before = new Map(this.#issuers.map((issuer) => [JSON.stringify(issuer.settings), issuer]));
    this.#issuers = settings.map((each) => {
      const key = JSON.stringify(each);
      const known = before.get(key);
      before.delete(key);
      return known ?? new TokenIssuer(each, this.#parts, this.#lookups);
    });
    for (const gone of before.values()) gone.close();
  }

  close(): void {
    this.configure([]);
  }

  /** Never rejects. */
  async check(token: string): Promise<CheckedToken> {
    const claimed = claimedIssuer(token);
    const named = this.#issuers.find(({ settings }) => settings.issuer === claimed);
    if (named !== undefined) return named.check(token);
    if (claimed !== undefined) return { kind: 'invalid', reason: 'the token is of an unknown issuer' };
    const asked = this.#issuers.filter(({ settings }) => settings.check.kind === 'introspection');
    let problem: CheckedToken = { kind: 'invalid', reason: 'the token is no JWT' };
    for (const issuer of asked) {
      const checked = await issuer.check(token);
      if (checked.kind === 'valid') return checked;
      if (problem.kind !== 'failing') problem = checked;
    }
    return problem;
  }
}

/** One issuer. */
export class TokenIssuer {
  readonly settings: TokenIssuerConfig;
  readonly #parts: TablesParts;
  readonly #fetcher: JsonFetcher;
  readonly #domains: OwnDomains;
  readonly #check: (token: string) => Promise<Verified>;
  #isFailing = false;
  #isClosed = false;

  constructor(settings: TokenIssuerConfig, parts: TablesParts, lookups: HostLookups) {
    this.settings = settings;
    this.#parts = parts;
    this.#domains = new OwnDomains(settings.domains);
    const { timers = nodeTimers } = parts;
    this.#fetcher = new JsonFetcher({ timers, lookups, secureContext: () => trustedBy(settings.ca) });
    this.#check = this.#checkOf(settings);
  }

  /** Whether it may speak for this user. */
  isFor(address: string): boolean {
    return this.#domains.has(address);
  }

  async check(token: string): Promise<CheckedToken> {
    const checked = await this.#check(token);
    if (checked.kind === 'unknown-key')
      return { kind: 'invalid', reason: 'the token is signed with an unknown key' };
    if (checked.kind === 'failing')
      return failing(`the token issuer "${this.settings.name}": ${checked.reason}`);
    if (checked.kind === 'invalid') return checked;
    const named = whomClaimsName(checked.claims, this.settings);
    return named.kind === 'named' ? { kind: 'valid', name: named.name, issuer: this } : named;
  }

  close(): void {
    this.#isClosed = true;
    this.#fetcher.close();
    this.#parts.troubles.clear(`issuer:${this.settings.name}`);
  }

  #checkOf(settings: TokenIssuerConfig): (token: string) => Promise<Verified> {
    const { check, issuer, leewayMs, timeoutMs } = settings;
    const { timers = nodeTimers, date = Date.now } = this.#parts;
    const parts = { fetcher: this.#fetcher, nowMs: timers.nowMs, date };
    if (check.kind === 'introspection') {
      const introspection = new Introspection({ ...check, issuer, leewayMs, timeoutMs }, parts);
      return async (token) => {
        const answer = await introspection.check(token);
        this.#report(answer.kind === 'failing' ? answer.reason : undefined);
        return answer;
      };
    }
    const fetched = (problem: string | undefined): void => this.#report(problem);
    const loaded = import('./check-by-keys.ts').then(({ checkByKeys }) =>
      checkByKeys(settings, check, { ...parts, fetched }, date),
    );
    return async (token) => (await loaded)(token);
  }

  #report(problem: string | undefined): void {
    const { log, troubles } = this.#parts;
    const { name } = this.settings;
    // What was under way has ended because nobody wants it any more.
    if (this.#isClosed) return;
    if (problem === undefined) {
      if (!this.#isFailing) return;
      this.#isFailing = false;
      troubles.clear(`issuer:${name}`);
      log.info(`what was wrong with the token issuer "${name}" is over`);
      return;
    }
    const text = `The token issuer "${name}" cannot tell: ${problem}. Log-ins with its tokens get temporary errors.`;
    troubles.raise(
      `issuer:${name}`,
      'warning',
      text,
      'Look after the issuer, or correct [[token_issuer]] and reload; log-ins go on by themselves.',
    );
    if (!this.#isFailing) log.error(text);
    this.#isFailing = true;
  }
}
