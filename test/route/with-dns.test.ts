// Router, resolver and a DNS server together: from a recipient to addresses over real sockets.

import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { startDnsServer, type DnsServer, type Zone } from '../../sim/dns/dns-server.ts';
import { createResolver } from '../../src/dns/resolver.ts';
import { createRouter } from '../../src/route/create-router.ts';
import type { Router } from '../../src/route/types.ts';
import { brief } from './fake-resolver.ts';

const zone: Zone = {
  'example.com': {
    mx: [
      { preference: 20, exchange: 'backup.example.net' },
      { preference: 10, exchange: 'MX.example.net' },
    ],
  },
  'mx.example.net': { a: ['127.0.0.2'], aaaa: ['2001:db8::2'], ttl: 90 },
  'backup.example.net': { cname: 'far.example.org' },
  'far.example.org': { a: ['127.0.0.3'] },
  'alias.example.com': { cname: 'example.com' },
  'host.example.com': { a: ['127.0.0.4'] },
  'null.example.com': { mx: [{ preference: 0, exchange: '.' }] },
  'broken.example.com': { behaviour: 'servfail' },
  'silent.example.com': { behaviour: 'drop' },
  'truncated.example.com': { mx: [{ preference: 1, exchange: 'far.example.org' }], behaviour: 'truncate' },
  'half.example.com': { mx: [{ preference: 1, exchange: 'half.example.net' }] },
  'half.example.net': { a: ['127.0.0.5'], behaviour: 'servfail', behaviourTypes: ['AAAA'] },
};

async function start(t: TestContext, timeoutMs = 20_000): Promise<{ router: Router; server: DnsServer }> {
  const server = await startDnsServer({ zone });
  const resolver = createResolver({
    servers: [server],
    timeoutMs,
    attempts: 1,
    maxTtlSeconds: 3600,
    minTtlSeconds: 5,
    negativeTtlSeconds: 600,
    maxEntries: 10_000,
    maxInFlight: 100,
    hangingMs: 500,
    maxHanging: 100,
  });
  t.after(async () => {
    resolver.close();
    await server.close();
  });
  const router = createRouter({
    rules: [],
    resolver,
    isOwnAddress: (ip) => ip === '127.0.0.1',
    ownNames: [],
    ipv4: true,
    ipv6: true,
    smtpPort: 2525,
    random: () => 0.999999,
  });
  return { router, server };
}

const mx = [
  '10 mx.example.net 2001:db8::2:2525',
  '10 mx.example.net 127.0.0.2:2525',
  '20 backup.example.net 127.0.0.3:2525',
];

for (const [domain, want] of [
  ['example.com', mx],
  ['alias.example.com', mx],
  ['host.example.com', ['0 host.example.com 127.0.0.4:2525']],
  ['null.example.com', '556 5.1.10 permanent'],
  ['gone.example.com', '550 5.1.2 permanent'],
  ['broken.example.com', '451 4.4.3 temporary'],
  ['truncated.example.com', ['1 far.example.org 127.0.0.3:2525']],
  ['half.example.com', ['1 half.example.net 127.0.0.5:2525']],
] as const) {
  test(`mail for ${domain}`, async (t) => {
    const { router } = await start(t);
    assert.deepEqual(brief(await router.resolve(router.routeOf('', `user@${domain}`).key)), want);
  });
}

test('a server that does not answer is a temporary error', async (t) => {
  const { router } = await start(t, 20);
  assert.equal(brief(await router.resolve('mx:silent.example.com')), '451 4.4.3 temporary');
});

test('a thousand domains on the same hosts cause one look-up of each host', async (t) => {
  const { router, server } = await start(t);
  const domains = Array.from({ length: 1000 }, (_, i) => `d${i}.example`);
  for (const domain of domains) server.set(domain, zone['example.com']);
  const plans = await Promise.all(domains.map((domain) => router.resolve(`mx:${domain}`)));
  assert.deepEqual(
    new Set(plans.map((plan) => plan.kind === 'relay' && plan.site)),
    new Set(['mx:mx.example.net,backup.example.net:2525']),
  );
  assert.equal(server.asked('mx.example.net'), 2);
});
