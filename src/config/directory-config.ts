// One [[directory]] as the rest of Sluice sees it: only keys of its kind are there, with their defaults.

import { resolve } from 'node:path';

import type { z } from 'zod';

import type { DomainPattern } from '../values/domain.ts';
import type { CamelKeys } from './camel-case.ts';
import type { DeepReadonly } from './deep-readonly.ts';
import type { directories } from './schema/directory.ts';

type FileDirectory = DeepReadonly<CamelKeys<z.output<typeof directories>>>[number];

/** Its path is absolute. */
export type DirectoryConfig = {
  readonly name: string;
  readonly path: string;
  /** Empty: any domain. */
  readonly domains: readonly DomainPattern[];
} & (
  | { readonly kind: 'users' | 'vpopmail' }
  | { readonly kind: 'passwd'; readonly key: 'address' | 'local_part' }
  | {
      readonly kind: 'sqlite';
      readonly key: 'address' | 'local_part';
      /** Undefined: the tables of Sluice's own directory. */
      readonly query: string | undefined;
      readonly timeoutMs: number;
      readonly cacheBytes: number;
      readonly cacheMs: number;
      readonly absentCacheMs: number;
    }
);

const usualTimeoutMs = 5_000;
const usualCacheBytes = 4 * 1024 * 1024;
const usualCacheMs = 5_000;

/** @param folder - where a relative path starts */
export function toDirectoryConfig(given: FileDirectory, folder: string): DirectoryConfig {
  const { name, kind, domain: domains = [], key = 'address' } = given;
  const common = { name, path: resolve(folder, given.path), domains };
  switch (kind) {
    case 'users':
    case 'vpopmail':
      return { ...common, kind };
    case 'passwd':
      return { ...common, kind, key };
    case 'sqlite':
      return {
        ...common,
        kind,
        key,
        query: given.query,
        timeoutMs: given.timeout ?? usualTimeoutMs,
        cacheBytes: given.cache ?? usualCacheBytes,
        cacheMs: given.cacheTime ?? usualCacheMs,
        absentCacheMs: given.negativeCacheTime ?? usualCacheMs,
      };
  }
}
