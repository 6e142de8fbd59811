// One [[signing_key]] as the rest of Sluice sees it. The file is read by the keys process, and by nobody else.

import { dirname, join, resolve } from 'node:path';

import type { z } from 'zod';

import type { DomainPattern } from '../values/domain.ts';
import type { CamelKeys } from './camel-case.ts';
import type { DkimDomain } from './read/dkim-domain.ts';
import type { DeepReadonly } from './deep-readonly.ts';
import { selectorOfFile, type signingKeys } from './schema/signing-key.ts';

type FileSigningKey = DeepReadonly<CamelKeys<z.output<typeof signingKeys>>>[number];

export interface SigningKeyConfig {
  /** Where the configuration names the file. */
  readonly place: readonly (string | number)[];
  /** Empty: all domains that no other one names. */
  readonly domain: readonly DomainPattern[];
  /** Absolute. */
  readonly file: string;
  readonly selector: string;
  readonly signAs: string | undefined;
  readonly tenant: string | undefined;
  readonly user: readonly string[];
  /** Names of routes; empty: mail on any. */
  readonly route: readonly string[];
  readonly canonicalization: FileSigningKey['canonicalization'];
  readonly alsoSign: readonly string[];
  readonly validMs: number | undefined;
  /** Whether it signs by DomainKeys, too. */
  readonly domainKeys: boolean;
  readonly whenUnusable: FileSigningKey['whenUnusable'];
}

/**
 * The keys of `dkimdomains`: one for each domain and selector.
 * @param signing - [signing] of the file
 * @param folder - where a relative path starts
 */
export function dkimDomainKeys(
  signing: { readonly dkimdomains?: string | undefined; readonly domainkeys?: string | undefined },
  domains: readonly DkimDomain[],
  folder: string,
): SigningKeyConfig[] {
  const file = resolve(folder, signing.dkimdomains ?? '');
  const keys = resolve(folder, signing.domainkeys ?? join(dirname(dirname(file)), 'ssl/domainkeys'));
  return domains.flatMap(({ domain, selectors, signAs, canonicalization }) =>
    selectors.map((selector) => ({
      place: ['signing', 'dkimdomains'],
      domain: domain === undefined ? [] : [domain],
      file: join(keys, signAs ?? domain?.domain ?? '%', selector),
      selector,
      signAs,
      tenant: undefined,
      user: [],
      route: [],
      canonicalization,
      alsoSign: [],
      validMs: undefined,
      domainKeys: false,
      whenUnusable: 'tempfail' as const,
    })),
  );
}

/**
 * @param index - in the list of [[signing_key]]
 * @param folder - where a relative path starts
 */
export function toSigningKeyConfig(given: FileSigningKey, index: number, folder: string): SigningKeyConfig {
  const { domain = [], file, selector = selectorOfFile(file), signAs, tenant, user = [], route = [] } = given;
  const { canonicalization, alsoSign, valid, domainkeys, whenUnusable } = given;
  return {
    place: ['signing_key', index, 'file'],
    domain,
    file: resolve(folder, file),
    selector,
    signAs,
    tenant,
    user,
    route,
    canonicalization,
    alsoSign,
    validMs: valid,
    domainKeys: domainkeys,
    whenUnusable,
  };
}
