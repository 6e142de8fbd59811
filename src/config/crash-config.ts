// [crash] as the rest of Sluice sees it.

import { join, resolve } from 'node:path';

import type { z } from 'zod';

import type { CamelKeys } from './camel-case.ts';
import type { DeepReadonly } from './deep-readonly.ts';
import type { crash } from './schema/crash.ts';

type FileCrash = DeepReadonly<CamelKeys<z.output<typeof crash>>>;

/** The folder is absolute. */
export type CrashConfig = FileCrash & { readonly folder: string };

/** @param folder - where a relative path starts */
export function toCrashConfig(given: FileCrash, spool: string, folder: string): CrashConfig {
  return {
    ...given,
    folder: given.folder === undefined ? join(spool, 'crash') : resolve(folder, given.folder),
  };
}
