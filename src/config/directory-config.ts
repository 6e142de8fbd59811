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
  /** Empty: any domain. */
  readonly domains: readonly DomainPattern[];
} & (
  | { readonly kind: 'users' | 'vpopmail'; readonly path: string }
  | (PasswordsElsewhere & { readonly kind: 'dovecot'; readonly path: string })
  | (PasswordsElsewhere & { readonly kind: 'checkpassword'; readonly command: readonly string[] })
  | {
      readonly kind: 'postgresql';
      readonly connection: string;
      readonly passwordFile: string | undefined;
      readonly key: 'address' | 'local_part';
      readonly query: string;
      readonly timeoutMs: number;
      readonly cacheBytes: number;
      readonly cacheMs: number;
      readonly absentCacheMs: number;
    }
  | { readonly kind: 'passwd'; readonly path: string; readonly key: 'address' | 'local_part' }
  | {
      readonly kind: 'sqlite';
      readonly path: string;
      readonly key: 'address' | 'local_part';
      /** Undefined: the tables of Sluice's own directory. */
      readonly query: string | undefined;
      readonly timeoutMs: number;
      readonly cacheBytes: number;
      readonly cacheMs: number;
      readonly absentCacheMs: number;
    }
);

interface PasswordsElsewhere {
  readonly timeoutMs: number;
  readonly rememberMs: number;
}

const usualTimeoutMs = 5_000;
/** Dovecot answers a wrong password after two seconds, and may have others before it. */
const usualTimeoutElsewhereMs = 20_000;
const usualCacheBytes = 4 * 1024 * 1024;
const usualCacheMs = 5_000;

/** @param folder - where a relative path starts */
export function toDirectoryConfig(given: FileDirectory, folder: string): DirectoryConfig {
  const { name, kind, domain: domains = [], key = 'address' } = given;
  const common = { name, domains };
  // The schema sees to it that those have one that need one.
  const path = resolve(folder, given.path ?? '');
  const elsewhere = { timeoutMs: given.timeout ?? usualTimeoutElsewhereMs, rememberMs: given.cacheTime ?? 0 };
  const database = {
    key,
    timeoutMs: given.timeout ?? usualTimeoutMs,
    cacheBytes: given.cache ?? usualCacheBytes,
    cacheMs: given.cacheTime ?? usualCacheMs,
    absentCacheMs: given.negativeCacheTime ?? usualCacheMs,
  };
  switch (kind) {
    case 'users':
    case 'vpopmail':
      return { ...common, kind, path };
    case 'dovecot':
      return { ...common, ...elsewhere, kind, path };
    case 'checkpassword':
      return { ...common, ...elsewhere, kind, command: given.command ?? [] };
    case 'passwd':
      return { ...common, kind, path, key };
    case 'sqlite':
      return { ...common, ...database, kind, path, query: given.query };
    case 'postgresql': {
      const { connection = '', query = '', passwordFile } = given;
      const file = passwordFile === undefined ? undefined : resolve(folder, passwordFile);
      return { ...common, ...database, kind, connection, query, passwordFile: file };
    }
  }
}

/** Sources that Sluice writes, and vpopmail's, whose form it knows. */
export type OwnDirectoryConfig = Extract<DirectoryConfig, { readonly kind: 'users' | 'sqlite' | 'vpopmail' }>;

/** Whether Sluice can change it. */
export function isOwnDirectory(source: DirectoryConfig): source is OwnDirectoryConfig {
  return source.kind === 'users' || (source.kind === 'sqlite' && source.query === undefined);
}
