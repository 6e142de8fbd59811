// From [[stage]] of the kinds that keep clients waiting to stages, in the order of the file. They are asked before other checks, so that good and bad
// answers wait alike.

import type { Config } from '../config/config.ts';
import type { GreetingStageConfig, TarpitStageConfig } from '../config/stage-config.ts';
import { nodeTimers } from '../io/timers.ts';
import type { DelayStates } from '../policy/delays/delay-states.ts';
import { GreetingStage } from '../policy/delays/greeting-stage.ts';
import { TarpitStage } from '../policy/delays/tarpit-stage.ts';
import type { StageEntry } from '../policy/pipelines.ts';
import type { Stage } from '../policy/stage.ts';
import type { StageTallies } from '../policy/stage-tally.ts';
import { NetworkSet } from '../values/network-set.ts';
import { commonStageParts } from './common-stage-parts.ts';

export interface DelayStageParts {
  readonly delays: DelayStates;
  readonly tallies: StageTallies;
}

export function delayStages({ stage: all }: Config, parts: DelayStageParts): readonly StageEntry[] {
  return all.flatMap((each) => {
    if (each.kind === 'greeting') return [{ stage: greetingStage(each, parts) }];
    return each.kind === 'tarpit' ? [{ stage: tarpitStage(each, parts) }] : [];
  });
}

function greetingStage(config: GreetingStageConfig, { delays, tallies }: DelayStageParts): Stage {
  return new GreetingStage({
    ...commonStageParts(config),
    delayMs: config.delay,
    teaser: config.teaser,
    early: config.early,
    rememberMs: config.remember,
    exceptClients: new NetworkSet(config.exceptClients),
    field: config.field,
    state: delays.of(config.name, config.delayed),
    timers: nodeTimers,
    tally: tallies.of(config.name),
    isTest: config.testOnly,
  });
}

function tarpitStage(config: TarpitStageConfig, { delays, tallies }: DelayStageParts): Stage {
  return new TarpitStage({
    ...commonStageParts(config),
    freeRecipients: config.afterRecipients,
    freeRefusals: config.afterRefused,
    delayMs: config.delay,
    state: delays.of(config.name, config.delayed),
    tally: tallies.of(config.name),
    isTest: config.testOnly,
  });
}
