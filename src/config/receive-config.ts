// [receive] as the rest of Sluice sees it: with the domains of its file, and absolute paths.

import { resolve } from 'node:path';

import type { z } from 'zod';

import type { Network } from '../values/network.ts';
import type { CamelKeys } from './camel-case.ts';
import type { DeepReadonly } from './deep-readonly.ts';
import type { Supplement } from './read/supplement.ts';
import type { receive } from './schema/receive.ts';

type FileReceive = DeepReadonly<CamelKeys<z.output<typeof receive>>>;

/** The keys of [receive]; `relayDomains` includes the domains of `relayDomainsFile`. */
export type ReceiveConfig = Omit<FileReceive, 'clientLimitsExempt'> & {
  readonly clientLimitsExempt: readonly Network[];
};

export function toReceiveConfig(
  file: FileReceive,
  folder: string,
  { relayDomains }: Pick<Supplement, 'relayDomains'>,
): ReceiveConfig {
  const { relayDomainsFile, relayCa, loginCa } = file;
  return {
    ...file,
    relayDomains: [...file.relayDomains, ...relayDomains],
    ...(relayDomainsFile !== undefined && { relayDomainsFile: resolve(folder, relayDomainsFile) }),
    ...(relayCa !== undefined && { relayCa: resolve(folder, relayCa) }),
    ...(loginCa !== undefined && { loginCa: resolve(folder, loginCa) }),
    clientLimitsExempt: file.clientLimitsExempt ?? file.relayNetworks,
  };
}
