// From [[stage]] of the kinds that defend against unwanted mail to stages, in the order of the file.

import type { Config } from '../config/config.ts';
import type { DnsListsStageConfig, StageConfig } from '../config/stage-config.ts';
import type { ClientNames } from '../policy/client-names.ts';
import { Exemptions } from '../policy/defences/exemptions.ts';
import { DnsListsStage } from '../policy/dns-lists/dns-lists-stage.ts';
import type { KnownLists } from '../policy/dns-lists/known-lists.ts';
import type { StageEntry } from '../policy/pipelines.ts';
import type { Stage } from '../policy/stage.ts';
import type { StageTallies } from '../policy/stage-tally.ts';
import { DomainSet } from '../values/domain-set.ts';

/** What defences share: it stays over a reload. */
export interface DefenceParts {
  readonly lists: KnownLists;
  readonly tallies: StageTallies;
}

interface DefenceStageParts extends DefenceParts {
  readonly names: Pick<ClientNames, 'of'>;
}

export function defenceStages(config: Config, parts: DefenceStageParts): readonly StageEntry[] {
  return config.stage.flatMap((each) => {
    const stage = defenceStage(each, parts);
    return stage === undefined ? [] : [{ stage }];
  });
}

/** @returns undefined for other kinds */
function defenceStage(stage: StageConfig, parts: DefenceStageParts): Stage | undefined {
  switch (stage.kind) {
    case 'dns-lists':
      return dnsListsStage(stage, parts);
    default:
      return undefined;
  }
}

/** What every stage takes from the common keys. */
function commonParts({ name, audience, onFailure, restAfter, restFor }: StageConfig) {
  return {
    name,
    onFailure,
    audience: audience === 'everybody' ? undefined : audience,
    breaker: restAfter === 0 ? undefined : { failures: restAfter, restMs: restFor },
  };
}

function dnsListsStage(config: DnsListsStageConfig, { lists, tallies, names }: DefenceStageParts): Stage {
  const { name, list, markAt, quarantineAt, tempfailAt, rejectAt } = config;
  return new DnsListsStage({
    ...commonParts(config),
    rules: list.map(({ zone, about, weight, answers, text, shownAs = zone }) => ({
      zone,
      about,
      weight,
      answers,
      text,
      shownAs,
    })),
    thresholds: { markAt, quarantineAt, tempfailAt, rejectAt },
    limitMs: config.lookupTimeout,
    exemptions: new Exemptions({ ...config, exceptResults: [] }, names),
    exceptDomains: new DomainSet(config.exceptDomains),
    field: config.field,
    lists,
    tally: tallies.of(name),
  });
}

/** The lists that are asked, for `KnownLists.keep`. */
export function usedLists({ stage }: Config): readonly { readonly zone: string; readonly shownAs: string }[] {
  return stage.flatMap((each) =>
    each.kind === 'dns-lists' ? each.list.map(({ zone, shownAs = zone }) => ({ zone, shownAs })) : [],
  );
}
