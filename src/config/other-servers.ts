// What the configuration says of single other servers: what they do not bear, and who is asked for mail that waits there.

import type { z } from 'zod';
import type { CamelKeys } from './camel-case.ts';
import type { DeepReadonly } from './deep-readonly.ts';
import { type FileQuirk, type QuirkConfig, toQuirkConfig } from './quirk-config.ts';
import type { etrnTables } from './schema/etrn.ts';

/** One [[etrn]]; `every` in ms. */
export type EtrnConfig = DeepReadonly<CamelKeys<z.output<typeof etrnTables>>>[number];

export interface WithOtherServers {
  readonly quirk: readonly QuirkConfig[];
  /** Servers that are asked for mail that waits there. */
  readonly etrn: readonly EtrnConfig[];
}

export function toOtherServers(content: {
  readonly quirk: readonly FileQuirk[];
  readonly etrn: readonly EtrnConfig[];
}): WithOtherServers {
  return { quirk: content.quirk.map(toQuirkConfig), etrn: content.etrn };
}
