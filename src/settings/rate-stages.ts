// From [[stage]] of kind "rates" to stages, and to what is counted for them.

import type { Config } from '../config/config.ts';
import type { RatesStageConfig } from '../config/stage-config.ts';
import type { ClientNames } from '../policy/client-names.ts';
import { Exemptions } from '../policy/defences/exemptions.ts';
import type { StageEntry } from '../policy/pipelines.ts';
import type { StageRates } from '../policy/rates/incoming-rates.ts';
import { RateStage } from '../policy/rates/rate-stage.ts';
import type { RateAllowance, RateLedger, RateQuantity } from '../policy/rates/types.ts';
import type { Rate } from '../values/rate.ts';

export function rateStages(
  { stage }: Pick<Config, 'stage'>,
  names: Pick<ClientNames, 'of'>,
  ledger: RateLedger,
): readonly StageEntry[] {
  return stage.flatMap((each) => (each.kind === 'rates' ? [{ stage: rateStage(each, names, ledger) }] : []));
}

/** What whoever counts has to know. */
export function stageRates({ stage }: Pick<Config, 'stage'>): readonly StageRates[] {
  return stage.flatMap((each) =>
    each.kind === 'rates'
      ? [{ stage: each.name, allowances: allowancesOf(each), mostKeys: each.entries }]
      : [],
  );
}

function rateStage(config: RatesStageConfig, names: Pick<ClientNames, 'of'>, ledger: RateLedger): RateStage {
  const { name, audience, onFailure, timeLimit, restAfter, restFor, by, beyond } = config;
  return new RateStage({
    name,
    timeLimitMs: timeLimit,
    onFailure,
    audience: audience === 'everybody' ? undefined : audience,
    breaker: restAfter === 0 ? undefined : { failures: restAfter, restMs: restFor },
    by,
    beyond,
    sizes: { ipv4: config.networkIpv4, ipv6: config.networkIpv6 },
    quantities: new Set(allowancesOf(config).map(({ quantity }) => quantity)),
    exemptions: new Exemptions(config, names),
    ledger,
  });
}

function allowancesOf({
  connections = [],
  messages = [],
  recipients = [],
  refusedRecipients = [],
}: RatesStageConfig): readonly RateAllowance[] {
  const of = (quantity: RateQuantity, rates: readonly Rate[]) => rates.map((rate) => ({ quantity, rate }));
  return [
    ...of('connections', connections),
    ...of('messages', messages),
    ...of('recipients', recipients),
    ...of('refused_recipients', refusedRecipients),
  ];
}
