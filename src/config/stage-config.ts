// One [[stage]] as the rest of Sluice sees it: all paths are absolute.

import { dirname, resolve } from 'node:path';

import type { z } from 'zod';

import type { CamelKeys } from './camel-case.ts';
import type { DeepReadonly } from './deep-readonly.ts';
import type { configuredStages } from './schema/stage.ts';

type FileStage = DeepReadonly<CamelKeys<z.output<typeof configuredStages>>>[number];

export type StageConfig = FileStage & { readonly home: string };

/** @param folder - where a relative path starts */
export function toStageConfig(stage: FileStage, folder: string): StageConfig {
  const plugins = resolve(folder, stage.plugins);
  const home = stage.home === undefined ? dirname(dirname(plugins)) : resolve(folder, stage.home);
  return { ...stage, plugins, home };
}
