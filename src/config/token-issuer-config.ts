// One [[token_issuer]] as the rest of Sluice sees it: one way in which tokens are checked, with what that way needs.

import { resolve } from 'node:path';

import type { z } from 'zod';

import type { DomainPattern } from '../values/domain.ts';
import type { CamelKeys } from './camel-case.ts';
import type { DeepReadonly } from './deep-readonly.ts';
import type { tokenIssuers } from './schema/token-issuer.ts';

type FileIssuer = DeepReadonly<CamelKeys<z.output<typeof tokenIssuers>>>[number];

/** Where the keys of an issuer are. */
export type KeyPlace =
  | { readonly kind: 'url'; readonly url: string }
  /** The issuer says where (OpenID Connect Discovery 4). */
  | { readonly kind: 'discovery' }
  | { readonly kind: 'file'; readonly path: string };

export type SecretPlace =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'environment'; readonly name: string };

export type TokenCheckConfig =
  /** A token is a signed JWT (RFC 7519). */
  | {
      readonly kind: 'keys';
      readonly place: KeyPlace;
      readonly algorithms: readonly string[];
      readonly refreshMs: number;
    }
  /** The issuer is asked (RFC 7662). */
  | {
      readonly kind: 'introspection';
      readonly url: string;
      readonly clientId: string;
      readonly secret: SecretPlace;
      readonly cacheMs: number;
    };

/** Paths are absolute. */
export interface TokenIssuerConfig {
  readonly name: string;
  /** As it is in tokens. */
  readonly issuer: string;
  readonly check: TokenCheckConfig;
  /** Empty: any. */
  readonly audience: readonly string[];
  /** The claim with the name of the user. */
  readonly claim: string;
  readonly scopes: readonly string[];
  /** Empty: users of any domain. */
  readonly domains: readonly DomainPattern[];
  readonly leewayMs: number;
  /** A file with authorities; undefined: those of the system. */
  readonly ca: string | undefined;
  readonly timeoutMs: number;
}

/** @param folder - where a relative path starts */
export function toTokenIssuerConfig(given: FileIssuer, folder: string): TokenIssuerConfig {
  const { name, issuer, audience = [], claim, scopes, domain: domains = [], leeway, timeout } = given;
  return {
    name,
    issuer,
    check: checkOf(given, folder),
    audience,
    claim,
    scopes,
    domains,
    leewayMs: leeway,
    ca: given.ca === undefined ? undefined : resolve(folder, given.ca),
    timeoutMs: timeout,
  };
}

function checkOf(given: FileIssuer, folder: string): TokenCheckConfig {
  const { introspectionUrl, clientId = '', clientSecretFile, clientSecretEnv = '', cacheTime } = given;
  if (introspectionUrl === undefined) {
    const { algorithms, refresh } = given;
    return { kind: 'keys', place: keyPlaceOf(given, folder), algorithms, refreshMs: refresh };
  }
  // The schema sees to it that there is one of the two.
  const secret: SecretPlace =
    clientSecretFile === undefined
      ? { kind: 'environment', name: clientSecretEnv }
      : { kind: 'file', path: resolve(folder, clientSecretFile) };
  return { kind: 'introspection', url: introspectionUrl, clientId, secret, cacheMs: cacheTime };
}

function keyPlaceOf({ jwksUrl, jwksFile }: FileIssuer, folder: string): KeyPlace {
  if (jwksFile !== undefined) return { kind: 'file', path: resolve(folder, jwksFile) };
  return jwksUrl === undefined ? { kind: 'discovery' } : { kind: 'url', url: jwksUrl };
}
