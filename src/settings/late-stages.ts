// From [[stage]] of the kinds that are asked after the checks of Sluice itself, in the order of the file: they see what is accepted so far.

import type { Config } from '../config/config.ts';
import type { MilterStageConfig, PluginStageConfig, StageConfig } from '../config/stage-config.ts';
import type { Events } from '../log/events.ts';
import type { MilterStage } from '../policy/milter/milter-stage.ts';
import type { StageEntry } from '../policy/pipelines.ts';
import type { Stage } from '../policy/stage.ts';
import type { DefenceLedger } from '../policy/defences/types.ts';
import { greylistStage } from './greylist-stage.ts';
import { ownDomainsStage, type OwnDomainsSurroundings } from './own-domains-stage.ts';
import { contentChecksStage } from './content-checks-stage.ts';
import { clamdStage } from './clamd-stage.ts';
import { contentFilterStage } from './content-filter.ts';
import { milterStage, type MilterStageSurroundings } from './milter-stage.ts';
import { type FilterSurroundings, opensmtpdFilterStage } from './opensmtpd-filter-stage.ts';
import { policyServerStages, type PolicyServerSurroundings } from './policy-server-stages.ts';
import { rspamdStage } from './rspamd-stage.ts';
import type { ScannerSurroundings } from './scanner-stage.ts';

export interface LateStageParts
  extends MilterStageSurroundings, PolicyServerSurroundings, FilterSurroundings, ScannerSurroundings {
  readonly deadlines: MilterStageSurroundings['deadlines'] & ScannerSurroundings['deadlines'];
  /** The stage of a plugin, which all listeners share, and whose thread stays over a reload. */
  readonly pluginOf: (stage: PluginStageConfig) => Stage;
  readonly events: Pick<Events, 'happened'>;
  readonly isRelayDomain: OwnDomainsSurroundings['isRelayDomain'];
  /** What defences of all receivers ask. */
  readonly defences: DefenceLedger;
}

export function lateStages(config: Config, parts: LateStageParts): readonly StageEntry[] {
  const all: (readonly StageEntry[])[] = [];
  let next: PlacedMilter | undefined;
  // From the last to the first, since a milter knows the one behind it.
  for (const each of config.stage.toReversed()) {
    if (each.kind === 'milter') {
      const stage = milterStage(each, config.hostname, parts, nextFor(each, next));
      next = { config: each, stage };
      all.push([{ stage }]);
      continue;
    }
    next = undefined;
    if (each.kind === 'policy-server') all.push(policyServerStages(each, config, parts));
    else all.push(entryOf(lateStage(each, config, parts)));
  }
  return all.toReversed().flat();
}

interface PlacedMilter {
  readonly config: MilterStageConfig;
  readonly stage: MilterStage;
}

/** The milter behind another one, if both are asked about the same sessions. */
function nextFor(config: MilterStageConfig, next: PlacedMilter | undefined): MilterStage | undefined {
  if (next === undefined) return undefined;
  const both = [config, next.config];
  const isAlways = both.every((each) => (each.tenant ?? each.queue) === undefined && !each.testOnly);
  return isAlways && config.audience === next.config.audience ? next.stage : undefined;
}

function entryOf(stage: Stage | undefined): readonly StageEntry[] {
  return stage === undefined ? [] : [{ stage }];
}

/** Undefined for a kind that is asked earlier (see `configuredStages`), and for a plugin that is asked about outgoing mail alone. */
function lateStage(
  each: Exclude<StageConfig, { readonly kind: 'policy-server' | 'milter' }>,
  config: Config,
  parts: LateStageParts,
): Stage | undefined {
  switch (each.kind) {
    case 'qmail-spp':
      return undefined;
    case 'opensmtpd-filter':
      return opensmtpdFilterStage(each, config.hostname, parts);
    case 'plugin':
      return each.incoming ? parts.pluginOf(each) : undefined;
    case 'greylist':
      return greylistStage(each, parts.names, parts.defences);
    case 'own-domains':
      return ownDomainsStage(each, { ...parts, hostname: config.hostname });
    case 'content-checks':
      return contentChecksStage(each, config, parts.events);
    case 'clamd':
      return clamdStage(each, parts);
    case 'rspamd':
      return rspamdStage(each, config.hostname, parts);
    case 'content-filter':
      return contentFilterStage(each);
  }
}
