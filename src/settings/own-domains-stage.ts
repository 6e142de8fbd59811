// From [[stage]] of kind "own-domains" to a stage.

import type { OwnDomainsStageConfig } from '../config/stage-config.ts';
import type { ClientNames } from '../policy/client-names.ts';
import { Exemptions } from '../policy/defences/exemptions.ts';
import { OwnDomainsStage } from '../policy/defences/own-domains-stage.ts';
import { DomainSet } from '../values/domain-set.ts';

export interface OwnDomainsSurroundings {
  readonly hostname: string;
  readonly names: Pick<ClientNames, 'of'>;
  /** Is mail for this domain taken from everybody? */
  readonly isRelayDomain: (domain: string) => boolean;
}

export function ownDomainsStage(
  config: OwnDomainsStageConfig,
  { hostname, names, isRelayDomain }: OwnDomainsSurroundings,
): OwnDomainsStage {
  const { name, audience, onFailure, timeLimit, restAfter, restFor, domains, lookAt, action } = config;
  const own = domains === undefined ? undefined : new DomainSet(domains);
  return new OwnDomainsStage({
    name,
    timeLimitMs: timeLimit,
    onFailure,
    audience: audience === 'everybody' ? undefined : audience,
    breaker: restAfter === 0 ? undefined : { failures: restAfter, restMs: restFor },
    hostname,
    isOwn: own === undefined ? isRelayDomain : (domain) => own.has(domain),
    looksAt: new Set(lookAt),
    action,
    exemptions: new Exemptions(config, names),
    envelopeResults: config.exceptResults,
    authorResults: config.authorExceptResults,
  });
}
