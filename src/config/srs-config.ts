// [srs] as the rest of Sluice sees it: there, or not there at all. The file of the secrets is read by the supervisor.

import { resolve } from 'node:path';

import type { z } from 'zod';

import type { CamelKeys } from './camel-case.ts';
import type { DeepReadonly } from './deep-readonly.ts';
import type { srs } from './schema/srs.ts';

type FileSrs = DeepReadonly<CamelKeys<z.output<typeof srs>>>;

export type SrsConfig = Omit<FileSrs, 'domain' | 'secretFile'> & {
  readonly domain: string;
  /** An absolute path. */
  readonly secretFile: string;
};

/** The part of the configuration that it is. */
export interface WithSrs {
  /** Undefined: no sender is rewritten. */
  readonly srs: SrsConfig | undefined;
}

/** @param folder - where a relative path starts */
export function toSrs({ domain, secretFile, ...rest }: FileSrs, folder: string): WithSrs {
  if (domain === undefined || secretFile === undefined) return { srs: undefined };
  return { srs: { ...rest, domain, secretFile: resolve(folder, secretFile) } };
}
