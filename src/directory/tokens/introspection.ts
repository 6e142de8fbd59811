// Asks the issuer about tokens (OAuth 2.0 Token Introspection, RFC 7662). Promises: what it says of a valid token is kept for a short time, in
// bounded memory, and never longer than the token is valid; log-ins with the same token share one question; tokens themselves are not kept.

import { createHmac, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { SecretPlace, TokenIssuerConfig } from '../../config/token-issuer-config.ts';
import type { Failing } from '../types.ts';
import type { Claims } from './claims.ts';
import { failing, type JsonFetcher } from './fetch-json.ts';

const mostKept = 20_000;
const mostAnswerBytes = 64 * 1024;
const longestSecret = 4_096;

export type IntrospectionSettings = Pick<TokenIssuerConfig, 'issuer' | 'leewayMs' | 'timeoutMs'> &
  Extract<TokenIssuerConfig['check'], { readonly kind: 'introspection' }>;

export type Introspected =
  | { readonly kind: 'claims'; readonly claims: Claims }
  | { readonly kind: 'invalid'; readonly reason: string }
  | Failing;

interface IntrospectionParts {
  readonly fetcher: JsonFetcher;
  readonly nowMs: () => number;
  /** The date, Unix ms. */
  readonly date: () => number;
}

export class Introspection {
  readonly #settings: IntrospectionSettings;
  readonly #parts: IntrospectionParts;
  readonly #key = randomBytes(32);
  /** By digest of the token; oldest first. */
  readonly #kept = new Map<string, { readonly claims: Claims; readonly untilMs: number }>();
  readonly #asked = new Map<string, Promise<Introspected>>();

  constructor(settings: IntrospectionSettings, parts: IntrospectionParts) {
    this.#settings = settings;
    this.#parts = parts;
  }

  /** Never rejects. */
  check(token: string): Promise<Introspected> {
    const digest = createHmac('sha256', this.#key).update(token).digest('base64');
    const kept = this.#kept.get(digest);
    if (kept !== undefined) {
      const isInTime = kept.untilMs > this.#parts.nowMs();
      // The clock may have been set since, and the token may begin to be too old.
      if (isInTime && timeProblem(kept.claims, this.#settings.leewayMs, this.#parts.date()) === undefined)
        return Promise.resolve({ kind: 'claims', claims: kept.claims });
      this.#kept.delete(digest);
    }
    const asked = this.#asked.get(digest);
    if (asked !== undefined) return asked;
    const answer = this.#ask(token, digest).finally(() => this.#asked.delete(digest));
    this.#asked.set(digest, answer);
    return answer;
  }

  async #ask(token: string, digest: string): Promise<Introspected> {
    const { url, clientId, secret, timeoutMs, issuer, leewayMs, cacheMs } = this.#settings;
    const password = await readSecret(secret);
    if (typeof password !== 'string') return password;
    const answer = await this.#parts.fetcher.fetch({
      url,
      deadlineMs: timeoutMs,
      mostBytes: mostAnswerBytes,
      form: {
        body: new URLSearchParams({ token, token_type_hint: 'access_token' }).toString(),
        authorization: basic(clientId, password),
      },
    });
    if (answer.kind === 'failing') return failing(`${url}: ${answer.reason}`);
    const { value } = answer;
    if (
      typeof value !== 'object' ||
      value === null ||
      !('active' in value) ||
      typeof value.active !== 'boolean'
    )
      return failing(`${url}: its answer does not say whether the token is active`);
    if (!value.active) return { kind: 'invalid', reason: 'the issuer says that the token is not valid' };
    const claims: Claims = { ...value };
    if (claims['iss'] !== undefined && claims['iss'] !== issuer)
      return { kind: 'invalid', reason: 'the token is of another issuer' };
    const problem = timeProblem(claims, leewayMs, this.#parts.date());
    if (problem !== undefined) return { kind: 'invalid', reason: problem };
    this.#keep(digest, claims, cacheMs);
    return { kind: 'claims', claims };
  }

  #keep(digest: string, claims: Claims, cacheMs: number): void {
    if (cacheMs === 0) return;
    const { exp } = claims;
    const leftMs = typeof exp === 'number' ? exp * 1000 - this.#parts.date() : cacheMs;
    if (leftMs <= 0) return;
    this.#kept.delete(digest);
    this.#kept.set(digest, { claims, untilMs: this.#parts.nowMs() + Math.min(cacheMs, leftMs) });
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= mostKept) break;
      this.#kept.delete(oldest);
    }
  }
}

/** RFC 7662 2.2: the issuer has looked at the times already; its clock may be another one. */
function timeProblem({ exp, nbf }: Claims, leewayMs: number, date: number): string | undefined {
  if (typeof exp === 'number' && exp * 1000 + leewayMs <= date) return 'the token has expired';
  if (typeof nbf === 'number' && nbf * 1000 - leewayMs > date) return 'the token is not valid yet';
  return undefined;
}

/** RFC 6749 2.3.1: both are encoded as in a form before they go into HTTP's basic scheme. */
function basic(clientId: string, secret: string): string {
  const encode = (text: string): string => new URLSearchParams([['', text]]).toString().slice(1);
  return `Basic ${Buffer.from(`${encode(clientId)}:${encode(secret)}`).toString('base64')}`;
}

/** Reads a secret, which may be changed while Sluice runs. The file ends in the end of a line, and the secret does not. */
export async function readSecret(place: SecretPlace): Promise<string | Failing> {
  if (place.kind === 'environment') {
    const secret = process.env[place.name] ?? '';
    return secret === '' ? failing(`there is no environment variable ${place.name}`) : secret;
  }
  try {
    const secret = (await readFile(place.path, 'utf8')).replace(/\r?\n$/u, '');
    if (secret !== '' && secret.length <= longestSecret) return secret;
    return failing(`${place.path}: it is ${secret === '' ? 'empty' : 'too long for a secret'}`);
  } catch (error) {
    return failing(error instanceof Error ? error.message : String(error));
  }
}
