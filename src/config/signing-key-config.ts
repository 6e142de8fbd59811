// One [[signing_key]] as the rest of Sluice sees it. The file is read by the keys process, and by nobody else.

import { resolve } from 'node:path';

import type { z } from 'zod';

import type { DomainPattern } from '../values/domain.ts';
import type { CamelKeys } from './camel-case.ts';
import type { DeepReadonly } from './deep-readonly.ts';
import { selectorOfFile, type signingKeys } from './schema/signing-key.ts';

type FileSigningKey = DeepReadonly<CamelKeys<z.output<typeof signingKeys>>>[number];

export interface SigningKeyConfig {
  /** Empty: all domains that no other one names. */
  readonly domain: readonly DomainPattern[];
  /** Absolute. */
  readonly file: string;
  readonly selector: string;
  readonly signAs: string | undefined;
  readonly tenant: string | undefined;
  readonly user: readonly string[];
  readonly canonicalization: FileSigningKey['canonicalization'];
  readonly alsoSign: readonly string[];
  readonly validMs: number | undefined;
  readonly whenUnusable: FileSigningKey['whenUnusable'];
}

/** @param folder - where a relative path starts */
export function toSigningKeyConfig(given: FileSigningKey, folder: string): SigningKeyConfig {
  const { domain = [], file, selector = selectorOfFile(file), signAs, tenant, user = [], valid } = given;
  const { canonicalization, alsoSign, whenUnusable } = given;
  return {
    domain,
    file: resolve(folder, file),
    selector,
    signAs,
    tenant,
    user,
    canonicalization,
    alsoSign,
    validMs: valid,
    whenUnusable,
  };
}
