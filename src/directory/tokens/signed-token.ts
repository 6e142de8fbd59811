// A token that is a signed JWT (RFC 7519, RFC 8725): whether the issuer has signed it, for us, and for now.

import { errors, jwtVerify, type JWTVerifyGetKey, type JWTVerifyOptions } from 'jose';
import type { Failing } from '../types.ts';
import type { Claims } from './claims.ts';
import { failing } from './fetch-json.ts';

/** Keys that are tried for a token that names none (`kid`): each costs a computation. */
const mostTried = 8;

export interface SignatureRules {
  readonly issuer: string;
  readonly audience: readonly string[];
  readonly algorithms: readonly string[];
  readonly leewayMs: number;
}

export type Verified =
  | { readonly kind: 'claims'; readonly claims: Claims }
  | { readonly kind: 'invalid'; readonly reason: string }
  /** None of the keys is the one that has signed it. */
  | { readonly kind: 'unknown-key' }
  | Failing;

/** @param date - Unix ms. It never rejects. */
export async function verifySigned(
  token: string,
  keys: JWTVerifyGetKey,
  { issuer, audience, algorithms, leewayMs }: SignatureRules,
  date: number,
): Promise<Verified> {
  const options: JWTVerifyOptions = {
    issuer,
    audience: [...audience],
    algorithms: [...algorithms],
    clockTolerance: leewayMs / 1000,
    currentDate: new Date(date),
    // A token that is valid for ever could never be taken back.
    requiredClaims: ['exp'],
  };
  try {
    return { kind: 'claims', claims: (await jwtVerify(token, keys, options)).payload };
  } catch (error) {
    return error instanceof errors.JWKSMultipleMatchingKeys
      ? tryEach(token, error, options)
      : verdictOf(error);
  }
}

async function tryEach(
  token: string,
  keys: errors.JWKSMultipleMatchingKeys,
  options: JWTVerifyOptions,
): Promise<Verified> {
  let tried = 0;
  for await (const key of keys) {
    try {
      return { kind: 'claims', claims: (await jwtVerify(token, key, options)).payload };
    } catch (error) {
      if (!(error instanceof errors.JWSSignatureVerificationFailed)) return verdictOf(error);
    }
    if (++tried >= mostTried) break;
  }
  return { kind: 'unknown-key' };
}

function verdictOf(error: unknown): Verified {
  if (error instanceof errors.JWKSNoMatchingKey) return { kind: 'unknown-key' };
  if (error instanceof errors.JWTExpired) return invalid('the token has expired');
  if (error instanceof errors.JWTClaimValidationFailed)
    return invalid(`the token is not valid: its claim "${error.claim}" ${whyNot(error.reason)}`);
  if (error instanceof errors.JWSSignatureVerificationFailed)
    return invalid('the signature of the token is wrong');
  if (error instanceof errors.JOSEAlgNotAllowed) return invalid('the token is signed by another algorithm');
  if (
    error instanceof errors.JWSInvalid ||
    error instanceof errors.JWTInvalid ||
    error instanceof errors.JOSENotSupported
  )
    return invalid('the token is damaged');
  // A key that cannot be used is a mistake of the issuer: another token would not help its user.
  const why = error instanceof Error ? error.message : String(error);
  return failing(`the key of the token cannot be used: ${why}`);
}

function whyNot(reason: string): string {
  return reason === 'missing' ? 'is missing' : 'is not as it must be';
}

function invalid(reason: string): Verified {
  return { kind: 'invalid', reason };
}
