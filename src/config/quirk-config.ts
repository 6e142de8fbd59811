// One [[quirk]] as the rest of Sluice sees it: hosts by name or address, and what is done otherwise with them.

import type { z } from 'zod';
import type { CamelKeys } from './camel-case.ts';
import type { DeepReadonly } from './deep-readonly.ts';
import type { quirks } from './schema/quirk.ts';

export type FileQuirk = DeepReadonly<CamelKeys<z.output<typeof quirks>>>[number];

export interface QuirkConfig {
  readonly mx: NonNullable<FileQuirk['mx']>;
  readonly ip: NonNullable<FileQuirk['ip']>;
  readonly ignoreExtensions: NonNullable<FileQuirk['ignoreExtensions']>;
  readonly pipelineDepth: FileQuirk['pipelineDepth'];
  readonly ownName: FileQuirk['ownName'];
}

export function toQuirkConfig(quirk: FileQuirk): QuirkConfig {
  const { mx = [], ip = [], ignoreExtensions = [], ownName, pipelineDepth } = quirk;
  return { mx, ip, ignoreExtensions, ownName, pipelineDepth };
}
