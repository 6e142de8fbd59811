// One [[tap]] as the rest of Sluice sees it: its path is absolute.

import { resolve } from 'node:path';

import type { z } from 'zod';

import type { CamelKeys } from './camel-case.ts';
import type { DeepReadonly } from './deep-readonly.ts';
import type { taps } from './schema/tap.ts';

export type TapConfig = DeepReadonly<CamelKeys<z.output<typeof taps>>>[number];

/** @param folder - where a relative path starts */
export function toTapConfig(tap: TapConfig, folder: string): TapConfig {
  return tap.file === undefined ? tap : { ...tap, file: resolve(folder, tap.file) };
}
