// The public keys of an issuer (JSON Web Key Set, RFC 7517), as a token's signature is checked with them.

import { createLocalJWKSet, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import type { Failing } from '../types.ts';
import { failing } from './fetch-json.ts';

/** A JWKS of hundreds of keys has less. */
export const mostKeySetBytes = 512 * 1024;

export interface KeySet {
  readonly kind: 'keys';
  readonly keys: JWTVerifyGetKey;
  /** How many of them can check signatures. */
  readonly count: number;
}

/** Keys whose signatures are made by a private key (RFC 7518 6.1, RFC 8037 2). */
const publicTypes: ReadonlySet<unknown> = new Set(['RSA', 'EC', 'OKP']);

/**
 * Keeps the keys that can check signatures. Whatever else an issuer publishes, such as keys for encryption or of kinds to come, is no mistake
 * (RFC 7517 5).
 * @param value - the JSON
 */
export function keySetOf(value: unknown): KeySet | Failing {
  if (typeof value !== 'object' || value === null || !('keys' in value) || !Array.isArray(value.keys))
    return failing('there are no "keys" in it');
  const keys = value.keys.filter(isForSignatures);
  if (keys.length === 0) return failing('it has no key that can check signatures');
  return { kind: 'keys', keys: createLocalJWKSet({ keys } as JSONWebKeySet), count: keys.length };
}

function isForSignatures(key: unknown): key is object {
  if (typeof key !== 'object' || key === null || !('kty' in key) || !publicTypes.has(key.kty)) return false;
  return !('use' in key) || key.use === 'sig';
}
