// From [[stage]] of the kinds that are asked after the checks of Sluice itself, in the order of the file: they see what is accepted so far.

import type { Config } from '../config/config.ts';
import type { PluginStageConfig } from '../config/stage-config.ts';
import type { StageEntry } from '../policy/pipelines.ts';
import type { Stage } from '../policy/stage.ts';
import type { GreylistMemory } from '../policy/greylist/types.ts';
import { greylistStage } from './greylist-stage.ts';
import { milterStages, type MilterStageSurroundings } from './milter-stages.ts';

export interface LateStageParts extends MilterStageSurroundings {
  /** The stage of a plugin, which all listeners share, and whose thread stays over a reload. */
  readonly pluginOf: (stage: PluginStageConfig) => Stage;
  /** What defences of all receivers ask. */
  readonly defences: GreylistMemory;
}

export function lateStages(config: Config, parts: LateStageParts): readonly StageEntry[] {
  return config.stage.flatMap((each) => {
    if (each.kind === 'plugin') return [{ stage: parts.pluginOf(each) }];
    if (each.kind === 'greylist') return [{ stage: greylistStage(each, parts.names, parts.defences) }];
    return milterStages({ ...config, stage: [each] }, parts);
  });
}
