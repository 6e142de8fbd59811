// What stages of kinds that ask a scanner have in common, from their [[stage]].

import type { Deadlines } from '../io/deadlines.ts';
import type { TurnParts } from '../policy/in-turn.ts';
import type { Audience, Breaker, FailureAnswer } from '../policy/stage.ts';
import type { ConfiguredStageParts } from './configured-stages.ts';

export interface ScannerSurroundings {
  readonly placesOf: ConfiguredStageParts['placesOf'];
  readonly deadlines: Pick<Deadlines, 'set' | 'clear' | 'nowMs'>;
}

interface ScannerConfig {
  readonly name: string;
  readonly audience: 'everybody' | Audience;
  readonly onFailure: FailureAnswer;
  readonly timeLimit: number;
  readonly restAfter: number;
  readonly restFor: number;
  readonly connections: number;
  readonly waiting: number;
}

export interface ScannerStage {
  readonly name: string;
  readonly onFailure: FailureAnswer;
  readonly audience: Audience | undefined;
  readonly breaker: Breaker | undefined;
  readonly turn: TurnParts;
}

export function scannerStage(
  { name, audience, onFailure, timeLimit, restAfter, restFor, connections, waiting }: ScannerConfig,
  { placesOf, deadlines }: ScannerSurroundings,
): ScannerStage {
  return {
    name,
    onFailure,
    audience: audience === 'everybody' ? undefined : audience,
    breaker: restAfter === 0 ? undefined : { failures: restAfter, restMs: restFor },
    turn: { places: placesOf({ name, programs: connections, waiting }), deadlines, limitMs: timeLimit },
  };
}
