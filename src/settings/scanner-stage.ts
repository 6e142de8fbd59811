// What stages of kinds that ask a scanner have in common, from their [[stage]].

import type { Deadlines } from '../io/deadlines.ts';
import type { TurnParts } from '../policy/in-turn.ts';
import type { ConfiguredStageValues } from '../policy/configured-stage.ts';
import { commonStageParts } from './common-stage-parts.ts';
import type { ConfiguredStageParts } from './configured-stages.ts';

export interface ScannerSurroundings {
  readonly placesOf: ConfiguredStageParts['placesOf'];
  readonly deadlines: Pick<Deadlines, 'set' | 'clear' | 'nowMs'>;
}

type ScannerConfig = Parameters<typeof commonStageParts>[0] & {
  readonly timeLimit: number;
  readonly connections: number;
  readonly waiting: number;
};

export interface ScannerStageValues extends ConfiguredStageValues {
  readonly turn: TurnParts;
}

export function scannerStage(
  config: ScannerConfig,
  { placesOf, deadlines }: ScannerSurroundings,
): ScannerStageValues {
  const { name, timeLimit, connections, waiting } = config;
  return {
    ...commonStageParts(config),
    turn: { places: placesOf({ name, programs: connections, waiting }), deadlines, limitMs: timeLimit },
  };
}
