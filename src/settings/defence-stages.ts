// From [[stage]] of the kinds that defend against unwanted mail to stages, in the order of the file.

import type { Config } from '../config/config.ts';
import type { ClientChecksStageConfig, DnsListsStageConfig, StageConfig } from '../config/stage-config.ts';
import type { Resolver } from '../dns/types.ts';
import type { Deadlines } from '../io/deadlines.ts';
import type { ClientNames } from '../policy/client-names.ts';
import { within } from '../policy/defences/within.ts';
import { Exemptions } from '../policy/defences/exemptions.ts';
import { DnsListsStage } from '../policy/dns-lists/dns-lists-stage.ts';
import type { KnownLists } from '../policy/dns-lists/known-lists.ts';
import { ClientChecksStage } from '../policy/client-checks/client-checks-stage.ts';
import type { StageEntry } from '../policy/pipelines.ts';
import type { Stage } from '../policy/stage.ts';
import type { CheckAction, ClientCheck } from '../values/client-check.ts';
import { DomainSet } from '../values/domain-set.ts';
import type { DelayStageParts } from './delay-stages.ts';
import { commonStageParts } from './common-stage-parts.ts';

/** What defences share: it stays over a reload. */
export interface DefenceParts extends DelayStageParts {
  readonly lists: KnownLists;
  readonly resolver: Pick<Resolver, 'addresses' | 'mx'>;
  readonly deadlines: Pick<Deadlines, 'set' | 'clear'>;
}

interface DefenceStageParts extends DefenceParts {
  readonly names: Pick<ClientNames, 'of'>;
  readonly hostname: string;
}

export function defenceStages(
  config: Config,
  parts: Omit<DefenceStageParts, 'hostname'>,
): readonly StageEntry[] {
  return config.stage.flatMap((each) => {
    const stage = defenceStage(each, { ...parts, hostname: config.hostname });
    return stage === undefined ? [] : [{ stage }];
  });
}

/** @returns undefined for other kinds */
function defenceStage(stage: StageConfig, parts: DefenceStageParts): Stage | undefined {
  switch (stage.kind) {
    case 'dns-lists':
      return dnsListsStage(stage, parts);
    case 'client-checks':
      return clientChecksStage(stage, parts);
    default:
      return undefined;
  }
}

function dnsListsStage(config: DnsListsStageConfig, { lists, tallies, names }: DefenceStageParts): Stage {
  const { name, list, markAt, quarantineAt, tempfailAt, rejectAt } = config;
  return new DnsListsStage({
    ...commonStageParts(config),
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

function clientChecksStage(config: ClientChecksStageConfig, parts: DefenceStageParts): Stage {
  const { resolver, deadlines, names, tallies, hostname } = parts;
  const limitMs = config.lookupTimeout;
  const [own, generic, notGeneric] = [config.ownNames, config.genericNames, config.notGeneric].map(
    (patterns) => new DomainSet(patterns),
  );
  return new ClientChecksStage({
    ...commonStageParts(config),
    timeLimitMs: config.timeLimit,
    actions: actionsOf(config),
    lookupFailure: config.lookupFailure,
    exemptions: new Exemptions({ ...config, exceptResults: [] }, names),
    field: config.field,
    surroundings: {
      lookups: {
        names: (address) => within(deadlines, limitMs, names.of(address)),
        addresses: (host, family) => within(deadlines, limitMs, resolver.addresses(host, family)),
        mx: (domain) => within(deadlines, limitMs, resolver.mx(domain)),
      },
      isOurs: (name) => name === hostname.toLowerCase() || own?.has(name) === true,
      isGeneric: (name) => generic?.has(name) === true,
      isNotGeneric: (name) => notGeneric?.has(name) === true,
    },
    tally: tallies.of(config.name),
  });
}

function actionsOf(config: ClientChecksStageConfig): Readonly<Record<ClientCheck, CheckAction>> {
  return {
    helo_syntax: config.heloSyntax,
    helo_not_qualified: config.heloNotQualified,
    helo_literal: config.heloLiteral,
    helo_is_ours: config.heloIsOurs,
    helo_unknown: config.heloUnknown,
    helo_unconfirmed: config.heloUnconfirmed,
    name_missing: config.nameMissing,
    name_unconfirmed: config.nameUnconfirmed,
    name_generic: config.nameGeneric,
    sender_not_qualified: config.senderNotQualified,
    sender_unknown: config.senderUnknown,
    sender_null_mx: config.senderNullMx,
  };
}

/** The lists that are asked, for `KnownLists.keep`. */
export function usedLists({ stage }: Config): readonly { readonly zone: string; readonly shownAs: string }[] {
  return stage.flatMap((each) =>
    each.kind === 'dns-lists' ? each.list.map(({ zone, shownAs = zone }) => ({ zone, shownAs })) : [],
  );
}
