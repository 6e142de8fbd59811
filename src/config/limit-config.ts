// One [[limit]] as the rest of Sluice sees it: quantities as in the file, and all domains that it names, those of its file included.

import { resolve } from 'node:path';
import type { z } from 'zod';
import type { DomainPattern } from '../values/domain.ts';
import type { CamelKeys } from './camel-case.ts';
import type { DeepReadonly } from './deep-readonly.ts';
import { limitPers, type limits } from './schema/limit.ts';

type FileLimit = DeepReadonly<CamelKeys<z.output<typeof limits>>>[number];

export type LimitConfig = Omit<FileLimit, 'per' | 'domain'> & {
  /** `FILE:LINE`, the file without its folder. */
  readonly origin: string;
  /** In the order of `limitPers`; empty for a group. */
  readonly per: readonly (typeof limitPers)[number][];
  /** Includes the domains of `domainFile`. When that file has none, the list may be empty: the limit matches nothing. */
  readonly domain?: readonly DomainPattern[];
};

/** @param moreDomains - those of `domainFile` */
export function toLimitConfig(
  limit: FileLimit,
  folder: string,
  moreDomains: readonly DomainPattern[],
): Omit<LimitConfig, 'origin'> {
  const { per, domain, domainFile, ...rest } = limit;
  const given = new Set<string>([per].flat());
  return {
    ...rest,
    per: limitPers.filter((each) => given.has(each)),
    ...((domain !== undefined || domainFile !== undefined) && {
      domain: [...(domain ?? []), ...moreDomains],
    }),
    ...(domainFile !== undefined && { domainFile: resolve(folder, domainFile) }),
  };
}
