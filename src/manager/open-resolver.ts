// Makes the resolver of a configuration on this machine.

import type { Config } from '../config/config.ts';
import { createResolver, readResolvConf, type Resolver } from '../dns/resolver.ts';
import { questionsHere } from '../settings/system-facts.ts';

/** @param nowMs - ms on a monotonic clock, by which answers expire */
export function openResolver(config: Config, nowMs: () => number): Resolver {
  const { dns } = config;
  return createResolver({
    servers: dns.servers?.map(({ host, port }) => ({ address: host, port })) ?? readResolvConf().servers,
    timeoutMs: dns.timeout,
    attempts: dns.attempts,
    validating: dns.validating,
    maxTtlSeconds: dns.maxTtl / 1000,
    minTtlSeconds: dns.minTtl / 1000,
    negativeTtlSeconds: dns.negativeTtl / 1000,
    maxEntries: dns.cacheEntries,
    now: nowMs,
    ...questionsHere(config),
  });
}
