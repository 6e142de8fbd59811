// [login] as the rest of Sluice sees it: with the mechanisms that fit the sources of users.

import type { DirectoryConfig } from './directory-config.ts';
import type { CamelKeys } from './camel-case.ts';
import type { DeepReadonly } from './deep-readonly.ts';
import type { login } from './schema/directory.ts';
import { type MechanismName, mechanismNames } from '../values/login-mechanism.ts';
import type { z } from 'zod';

type FileLogin = DeepReadonly<CamelKeys<z.output<typeof login>>>;

export type LoginConfig = Omit<FileLogin, 'mechanisms'> & {
  readonly mechanisms: readonly MechanismName[];
};

/**
 * Where the file names no mechanisms, SCRAM is offered only if users of all sources have secrets for it. Clients take the best one that is
 * offered, and none goes on with another after a 535 (seen with Postfix; RFC 4954 4 lets them try, and asks for none).
 */
export function toLoginConfig(given: FileLogin, sources: readonly DirectoryConfig[]): LoginConfig {
  const usual = sources.every(hasSecrets)
    ? mechanismNames
    : mechanismNames.filter((name) => !name.startsWith('SCRAM'));
  return { ...given, mechanisms: given.mechanisms ?? usual };
}

/** Sluice's own directory has a secret beside each password that it stores; a query may give a column with them. */
function hasSecrets(source: DirectoryConfig): boolean {
  switch (source.kind) {
    case 'users':
      return true;
    case 'sqlite':
    case 'postgresql':
      return source.query === undefined || /\bscram\b/iu.test(source.query);
    default:
      return false;
  }
}
