// What every [[stage]] has, whatever its kind: the values that the pipeline reads of it.

import type { Audience, Breaker, FailureAnswer, Stage } from './stage.ts';

/** See `Stage`. */
export interface ConfiguredStageValues {
  readonly name: string;
  readonly onFailure: FailureAnswer;
  readonly audience: Audience | undefined;
  readonly breaker: Breaker | undefined;
}

export abstract class ConfiguredStage implements Stage {
  readonly name: string;
  readonly timeLimitMs: number;
  readonly onFailure: FailureAnswer;
  readonly audience: Audience | undefined;
  readonly breaker: Breaker | undefined;

  /** @param timeLimitMs - how long a promise of it may take */
  constructor(values: ConfiguredStageValues, timeLimitMs: number) {
    this.name = values.name;
    this.timeLimitMs = timeLimitMs;
    this.onFailure = values.onFailure;
    this.audience = values.audience;
    this.breaker = values.breaker;
  }
}
