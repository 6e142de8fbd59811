// From [[stage]] to stages, in the order of the file.

import type { Config } from '../config/config.ts';
import type { Places } from '../io/places.ts';
import type { ClientNames } from '../policy/client-names.ts';
import type { StageEntry } from '../policy/pipelines.ts';
import { FollowedFile } from '../policy/followed-file.ts';
import { parseSppControl, parseTenantSppControl } from '../policy/qmail-spp/control-file.ts';
import { PluginPrograms } from '../policy/qmail-spp/plugin-programs.ts';
import { QmailSppStage } from '../policy/qmail-spp/spp-stage.ts';
import type { RelayPolicy } from '../policy/relay-policy.ts';
import { inheritedVariables } from './programs.ts';

/** A file of plugins has some lines. */
const mostPluginsBytes = 256 * 1024;

/** What of a stage says how many of its programs or connections there may be, and how many sessions may wait for one. */
export interface StageWithPlaces {
  readonly name: string;
  readonly programs: number;
  readonly waiting: number;
}

export interface ConfiguredStageParts {
  readonly relay: Pick<RelayPolicy, 'acceptsDomain'>;
  readonly names: Pick<ClientNames, 'of'>;
  /** The places of a stage for its programs, which all listeners share, and which stay over a reload. */
  readonly placesOf: (stage: StageWithPlaces) => Places;
  readonly log: { info(text: string): void };
}

export function configuredStages(
  { stage: all, hostname }: Config,
  { relay, names, placesOf, log }: ConfiguredStageParts,
): readonly StageEntry[] {
  return all.flatMap((each) => {
    if (each.kind !== 'qmail-spp') return []; // they come later: see `lateStages`
    const { name, audience, timeLimit, onFailure, plugins, home, clientNames, environment } = each;
    const { restAfter, restFor } = each;
    const programs = new PluginPrograms({
      home,
      surroundings: { hostname, base: { ...inheritedVariables(), ...environment } },
      places: placesOf(each),
      names: clientNames ? names : undefined,
      complain: (line) => log.info(`stage "${name}": ${line}`),
    });
    const stage = new QmailSppStage({
      name,
      timeLimitMs: timeLimit,
      onFailure,
      audience: audience === 'everybody' ? undefined : audience,
      breaker: restAfter === 0 ? undefined : { failures: restAfter, restMs: restFor },
      control: new FollowedFile({
        path: plugins,
        mostBytes: mostPluginsBytes,
        lookEveryMs: 1000,
        parse: each.tenant === undefined ? parseSppControl : parseTenantSppControl,
        nowMs: () => performance.now(),
      }),
      programs,
      acceptsDomain: (domain) => relay.acceptsDomain(domain),
    });
    return [{ stage }];
  });
}
