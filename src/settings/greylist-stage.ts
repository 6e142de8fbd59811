// From [[stage]] of kind "greylist" to a stage.

import type { GreylistStageConfig } from '../config/stage-config.ts';
import type { ClientNames } from '../policy/client-names.ts';
import { AddressSet } from '../policy/defences/address-set.ts';
import { Exemptions, pointOfResults } from '../policy/defences/exemptions.ts';
import { GreylistStage } from '../policy/greylist/greylist-stage.ts';
import type { GreylistMemory } from '../policy/greylist/types.ts';

export function greylistStage(
  config: GreylistStageConfig,
  names: Pick<ClientNames, 'of'>,
  memory: GreylistMemory,
): GreylistStage {
  const { name, audience, onFailure, timeLimit, restAfter, restFor, exceptResults } = config;
  return new GreylistStage({
    name,
    timeLimitMs: timeLimit,
    onFailure,
    audience: audience === 'everybody' ? undefined : audience,
    breaker: restAfter === 0 ? undefined : { failures: restAfter, restMs: restFor },
    at: config.at ?? pointOfResults(exceptResults),
    sizes: { ipv4: config.networkIpv4, ipv6: config.networkIpv6 },
    terms: {
      delayMs: config.delay,
      windowMs: config.window,
      lifetimeMs: config.lifetime,
      allowAfter: config.allowAfter,
    },
    exemptions: new Exemptions(config, names),
    exceptRecipients: new AddressSet(config.exceptRecipients),
    memory,
  });
}
