// From [[directory]] and [login] to what the directory is told.

import type { Config } from '../config/config.ts';
import type { GuardSettings } from '../directory/guarded-directory.ts';
import type { DirectorySettings } from '../directory/settings.ts';
import { discoveryUrl } from '../directory/tokens/discovery-url.ts';
import { noHints, type TokenHints } from '../sasl/token-exchanges.ts';

export function directorySettings({ directory, login, tokenIssuer }: Config): DirectorySettings {
  return {
    sources: directory,
    tokenIssuers: tokenIssuer,
    defaultDomain: login.defaultDomain ?? '',
    hashThreads: login.hashThreads,
    rememberMs: login.remember,
  };
}

export function guardSettings({ login }: Config): GuardSettings {
  return {
    perClient: login.failuresPerClient,
    perNetwork: login.failuresPerNetwork,
    perUser: login.failuresPerUser,
    banMs: login.ban,
    exempt: login.banExempt,
    failureDelayMs: login.failureDelay,
  };
}

/** What clients are told about tokens: where there is one issuer, which one it is. */
export function tokenHints({ tokenIssuer }: Config): TokenHints {
  const [first, ...more] = tokenIssuer;
  if (first === undefined || more.length > 0) return noHints;
  const { scopes, issuer } = first;
  return { scope: scopes.length === 0 ? undefined : scopes.join(' '), discovery: discoveryUrl(issuer) };
}

/** Whether there are users. */
export function hasDirectory({ directory }: Pick<Config, 'directory'>): boolean {
  return directory.length > 0;
}
