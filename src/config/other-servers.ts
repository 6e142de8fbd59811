// What the configuration says of single other servers: what they do not bear, and who is asked for mail that waits there.

import type { z } from 'zod';
import type { CamelKeys } from './camel-case.ts';
import type { DeepReadonly } from './deep-readonly.ts';
import { type FileQuirk, type QuirkConfig, toQuirkConfig } from './quirk-config.ts';
import type { etrnTables } from './schema/etrn.ts';
import type { front } from './schema/front.ts';

/** One [[etrn]]; `every` in ms. */
export type EtrnConfig = DeepReadonly<CamelKeys<z.output<typeof etrnTables>>>[number];

type FileFront = DeepReadonly<CamelKeys<z.output<typeof front>>>;

/** The keys of [front]; without `servers`, this is no front end. */
export type FrontConfig = Omit<FileFront, 'servers'> & {
  readonly servers: NonNullable<FileFront['servers']>;
};

export interface WithOtherServers {
  readonly front: FrontConfig;
  readonly quirk: readonly QuirkConfig[];
  /** Servers that are asked for mail that waits there. */
  readonly etrn: readonly EtrnConfig[];
}

export function toOtherServers(content: {
  readonly front: FileFront;
  readonly quirk: readonly FileQuirk[];
  readonly etrn: readonly EtrnConfig[];
}): WithOtherServers {
  const { front: inFile, quirk, etrn } = content;
  const { servers = [] } = inFile;
  return { front: { ...inFile, servers }, quirk: quirk.map(toQuirkConfig), etrn };
}
