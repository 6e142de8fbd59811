// From [[stage]] of kind "milter" to a stage.

import type { MilterStageConfig } from '../config/stage-config.ts';
import { version } from '../config/version.ts';
import type { Deadlines } from '../io/deadlines.ts';
import { dialService } from '../io/dial-service.ts';
import type { ClientNames } from '../policy/client-names.ts';
import { IdleConnections } from '../policy/idle-connections.ts';
import type { MarkField } from '../policy/milter/milter-marks.ts';
import { MilterStage } from '../policy/milter/milter-stage.ts';
import { termsOf } from '../protocol/milter/flags.ts';
import { type MacroLists, type MacroStage, macroStages, usualMacros } from '../values/milter-macros.ts';
import { parseServiceAddress } from '../values/service-address.ts';
import type { ConfiguredStageParts } from './configured-stages.ts';

export interface MilterStageSurroundings {
  readonly names: Pick<ClientNames, 'of'>;
  readonly placesOf: ConfiguredStageParts['placesOf'];
  readonly deadlines: Pick<Deadlines, 'set' | 'clear' | 'nowMs'>;
}

export function milterStage(
  config: MilterStageConfig,
  hostname: string,
  parts: MilterStageSurroundings,
  next?: MilterStage,
): MilterStage {
  const { name, audience, onFailure, restAfter, restFor, waiting, connections } = config;
  return new MilterStage({
    name,
    onFailure,
    audience: audience === 'everybody' ? undefined : audience,
    breaker:
      restAfter === 0
        ? undefined
        : { failures: restAfter, restMs: restFor, trialMs: config.connectTimeout + config.timeLimit },
    marks: [
      { verdict: 'virus', fields: config.virusFields.map(inLowerCase), marked: config.onVirus },
      { verdict: 'spam', fields: config.spamFields.map(inLowerCase), marked: config.onSpam },
    ],
    connection: {
      dial: dialService,
      deadlines: parts.deadlines,
      address: parseServiceAddress(config.address, 'a milter'),
      offer: termsOf(config.protocol),
      macros: macroLists(config.macros),
      connectMs: config.connectTimeout,
    },
    commandMs: config.timeLimit,
    contentMs: config.contentTimeout,
    places: parts.placesOf({ name, programs: connections, waiting }),
    macros: { hostname, daemonName: config.daemonName ?? hostname, program: `Sluice ${version}` },
    names: config.clientNames ? parts.names : undefined,
    idle: config.reuseConnections ? new IdleConnections({ most: 100, longestMs: 30_000 }) : undefined,
    last: { terms: undefined },
    next,
  });
}

/** The lists of the configuration, and for other commands those of Postfix. */
function macroLists(own: MilterStageConfig['macros'] = {}): MacroLists {
  const lists: Record<MacroStage, readonly string[]> = { ...usualMacros };
  for (const stage of macroStages) lists[stage] = own[stage] ?? lists[stage];
  return lists;
}

function inLowerCase({ name, value }: MarkField): MarkField {
  return { name: name.toLowerCase(), value: value.toLowerCase() };
}
