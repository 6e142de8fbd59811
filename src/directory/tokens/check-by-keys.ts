// Checks signed tokens by the keys of their issuer. It is loaded where there is such an issuer, and only then: the library takes some megabytes.

import type { TokenIssuerConfig } from '../../config/token-issuer-config.ts';
import { IssuerKeys, type IssuerKeysParts } from './issuer-keys.ts';
import { type Verified, verifySigned } from './signed-token.ts';

type KeysCheck = Extract<TokenIssuerConfig['check'], { readonly kind: 'keys' }>;

/**
 * @param date - the date, Unix ms
 * @returns checks one token; it never rejects
 */
export function checkByKeys(
  settings: TokenIssuerConfig,
  { place, refreshMs, algorithms }: KeysCheck,
  parts: IssuerKeysParts,
  date: () => number,
): (token: string) => Promise<Verified> {
  const { issuer, timeoutMs } = settings;
  const keys = new IssuerKeys({ issuer, place, refreshMs, timeoutMs }, parts);
  // So that the first log-in need not wait, and a mistake is seen at once.
  void keys.current();
  const rules = { ...settings, algorithms };
  return async (token) => {
    const current = await keys.current();
    if (current.kind === 'failing') return current;
    const verified = await verifySigned(token, current.keys, rules, date());
    if (verified.kind !== 'unknown-key') return verified;
    const renewed = await keys.renewed();
    if (renewed === undefined) return verified;
    return renewed.kind === 'failing' ? renewed : verifySigned(token, renewed.keys, rules, date());
  };
}
