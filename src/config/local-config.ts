// [local] as the rest of Sluice sees it.

import type { z } from 'zod';

import type { SystemSettings } from '../values/system-way.ts';
import type { CamelKeys } from './camel-case.ts';
import type { DeepReadonly } from './deep-readonly.ts';
import type { localUsers } from './schema/local.ts';

export type FileLocal = DeepReadonly<CamelKeys<z.output<typeof localUsers>>>;

export function toLocal({ subaddress, time, memory, output, ...given }: FileLocal): SystemSettings {
  const { aliasPermits: permits, ...rest } = given;
  return {
    ...rest,
    permits,
    separators: subaddress ?? (given.instructions === 'qmail' ? '-' : '+'),
    timeMs: time,
    ...(memory !== undefined && { memoryBytes: memory }),
    outputBytes: output,
  };
}
