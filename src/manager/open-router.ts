// Makes the router and the resolver of a configuration on this machine, for `Routing` in production.

import type { Config } from '../config/config.ts';
import { createDaneLookup } from '../dane/lookup.ts';
import type { Resolver } from '../dns/types.ts';
import { nodeTimers } from '../io/timers.ts';
import { createRouter } from '../route/create-router.ts';
import { ownNames } from '../settings/backup.ts';
import { fallbackOf, routeRules } from '../settings/route-rules.ts';
import { tlsRules } from '../settings/tls-rules.ts';
import { etrnRules } from '../settings/etrn.ts';
import { openSource } from '../sts/open-source.ts';
import type { DaneLookup } from '../values/dane-lookup.ts';
import { openResolver } from './open-resolver.ts';
import { backupMx, isOwnAddress } from './own-addresses.ts';
import type { OpenRouter, StsOfRouter } from './ports.ts';

/** RFC 8461 3.3: policies are fetched over HTTPS, from its port. */
const policyPort = 443;

/** @param nowMs - scheduler time, by which plans and answers expire */
export function openRouter(
  config: Config,
  nowMs: () => number,
  { keeper, leftOut }: StsOfRouter,
): OpenRouter {
  const resolver = openResolver(config, nowMs);
  const { ipv4, ipv6, mtaSts, mtaStsAuthorities } = config.deliver;
  const policies = mtaSts
    ? openSource({
        resolver,
        authorities: mtaStsAuthorities,
        ipv4,
        ipv6,
        timers: nodeTimers,
        port: policyPort,
      })
    : undefined;
  keeper.use(policies);
  const router = createRouter({
    rules: [...routeRules(config), ...etrnRules(config)],
    resolver,
    isOwnAddress: isOwnAddress(config),
    ownNames: ownNames(config),
    backup: backupMx(config),
    ipv4,
    ipv6,
    smtpPort: config.deliver.port,
    tls: {
      defaultLevel: config.deliver.tls,
      rules: tlsRules(config),
      sts: mtaSts ? keeper : undefined,
      leftOut,
      dane: daneOf(config, resolver),
    },
    fallback: fallbackOf(config),
    random: Math.random,
    now: nowMs,
  });
  return {
    router,
    lookups: resolver,
    onOutage: (changed) => resolver.onOutage(changed),
    close: () => {
      policies?.close();
      resolver.close();
    },
  };
}

function daneOf({ deliver, dns }: Config, resolver: Resolver): DaneLookup | undefined {
  if (deliver.dane === 'off' || !dns.validating) return undefined;
  return createDaneLookup({ resolver, ipv4: deliver.ipv4, ipv6: deliver.ipv6 });
}
