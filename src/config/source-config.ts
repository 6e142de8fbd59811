// One [[source]] as the rest of Sluice sees it.

import type { z } from 'zod';

import type { CamelKeys } from './camel-case.ts';
import type { DeepReadonly } from './deep-readonly.ts';
import type { sources } from './schema/source.ts';

type FileSource = DeepReadonly<CamelKeys<z.output<typeof sources>>>[number];

export interface SourceConfig {
  /** In canonical text. */
  readonly address: string;
  readonly heloName: string;
}

/** @param usual - the name in EHLO of sources that give none */
export function toSourceConfig({ address, heloName }: FileSource, usual: string): SourceConfig {
  return { address, heloName: heloName ?? usual };
}
