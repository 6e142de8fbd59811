// Shared by the resolver's tests: a simulated server, a resolver that asks it, and a clock that the test advances.

import type { TestContext } from 'node:test';
import { startDnsServer, type DnsServer, type DnsServerOptions } from '../../sim/dns/dns-server.ts';
import { createResolver, type Resolver, type ResolverOptions } from '../../src/dns/resolver.ts';

export const resolverDefaults = {
  // So long that a test that waits for it by mistake is noticed. Tests of timeouts set their own.
  timeoutMs: 20_000,
  attempts: 1,
  maxTtlSeconds: 86_400,
  minTtlSeconds: 0,
  negativeTtlSeconds: 3600,
  maxEntries: 1000,
  maxInFlight: 100,
  hangingMs: 500,
  maxHanging: 100,
} as const;

export interface Clock {
  ms: number;
}

/** Starts a server and a resolver, which are closed at the end of the test. */
export async function serve(
  t: TestContext,
  zone: DnsServerOptions['zone'],
  options: Partial<ResolverOptions> = {},
  serverOptions: Partial<DnsServerOptions> = {},
): Promise<{ server: DnsServer; resolver: Resolver; clock: Clock }> {
  const server = await startDnsServer({ ...serverOptions, zone });
  const clock: Clock = { ms: 1_000_000 };
  const resolver = createResolver({
    ...resolverDefaults,
    servers: [{ address: server.address, port: server.port }],
    now: () => clock.ms,
    ...options,
  });
  t.after(async () => {
    resolver.close();
    await server.close();
  });
  return { server, resolver, clock };
}
