// Looks at an issuer of tokens once, as it is now: for `sluice check`. Its keys are fetched as the keys process would do it; nothing is introspected,
// because there is no token to ask about.

import { stat } from 'node:fs/promises';
import type { TokenIssuerConfig } from '../../config/token-issuer-config.ts';
import { nodeTimers } from '../../io/timers.ts';
import { JsonFetcher } from './fetch-json.ts';
import { HostLookups } from './host-lookups.ts';
import { readSecret } from './introspection.ts';
import { readKeys } from './issuer-keys.ts';
import { trustedBy } from './trusted-by.ts';

/** What is wrong, or is probably not meant. */
export interface IssuerProblem {
  /** The key of the configuration that it is about. */
  readonly key:
    | 'issuer'
    | 'jwks_url'
    | 'jwks_file'
    | 'introspection_url'
    | 'client_secret_file'
    | 'client_secret_env'
    | 'ca';
  /** A clause. */
  readonly problem: string;
}

const othersRead = 0o004;
const othersWrite = 0o002;

export async function examineIssuer(settings: TokenIssuerConfig): Promise<readonly IssuerProblem[]> {
  const caProblem = await trustedBy(settings.ca).then(
    () => undefined,
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
  if (caProblem !== undefined) return [{ key: 'ca', problem: caProblem }];
  const { check } = settings;
  return check.kind === 'keys' ? examineKeys(settings, check) : examineIntrospection(check);
}

async function examineKeys(
  { issuer, timeoutMs, ca }: TokenIssuerConfig,
  { place }: Extract<TokenIssuerConfig['check'], { readonly kind: 'keys' }>,
): Promise<readonly IssuerProblem[]> {
  const key = place.kind === 'url' ? 'jwks_url' : place.kind === 'file' ? 'jwks_file' : 'issuer';
  const secureContext = () => trustedBy(ca);
  const fetcher = new JsonFetcher({ timers: nodeTimers, lookups: new HostLookups(), secureContext });
  const read = await readKeys({ issuer, place, timeoutMs }, fetcher);
  const problems: IssuerProblem[] = [];
  if (read.kind === 'failing') problems.push({ key, problem: read.reason });
  if (place.kind === 'file') {
    if (await hasMode(place.path, othersWrite))
      problems.push({
        key,
        problem: `${place.path}: every user of this host may write to it, and so make tokens (chmod o-w)`,
      });
  } else problems.push(...inClear(key, place.kind === 'url' ? place.url : issuer));
  return problems;
}

async function examineIntrospection({
  url,
  secret,
}: Extract<TokenIssuerConfig['check'], { readonly kind: 'introspection' }>): Promise<
  readonly IssuerProblem[]
> {
  const problems: IssuerProblem[] = [...inClear('introspection_url', url)];
  const key = secret.kind === 'file' ? 'client_secret_file' : 'client_secret_env';
  const read = await readSecret(secret);
  if (typeof read !== 'string') problems.push({ key, problem: read.reason });
  if (secret.kind === 'file' && (await hasMode(secret.path, othersRead | othersWrite)))
    problems.push({
      key,
      problem: `${secret.path}: every user of this host may read or write it, and it holds a secret (chmod o-rw)`,
    });
  return problems;
}

/** Whoever is on the way could answer in place of the issuer. */
function inClear(key: IssuerProblem['key'], url: string): readonly IssuerProblem[] {
  const { protocol, hostname } = new URL(url);
  if (protocol === 'https:' || /^(?:localhost|127\..*|\[::1\])$/u.test(hostname)) return [];
  const problem = `${url}: it is asked in clear, so whoever is on the way can make tokens; use https`;
  return [{ key, problem }];
}

async function hasMode(path: string, bits: number): Promise<boolean> {
  try {
    return ((await stat(path)).mode & bits) !== 0;
  } catch {
    return false;
  }
}
