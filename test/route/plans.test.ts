// Plans over time and across domains: how long they hold, which questions are shared, which domains share a site.

import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import type { Resolver } from '../../src/dns/resolver.ts';
import { createRouter, type RouteRule } from '../../src/route/create-router.ts';
import { brief, fakeResolver, fakeRouter, nowMs, type FakeNames } from './fake-resolver.ts';

async function siteOf(names: FakeNames, domain: string, smtpPort = 25): Promise<string[]> {
  const { router } = fakeRouter(names, { smtpPort });
  const plan = await router.resolve(`mx:${domain}`);
  assert.ok(plan.kind === 'relay');
  return [plan.site, plan.label];
}

const hosts: FakeNames = {
  'a.mx': { a: ['192.0.2.1'] },
  'b.mx': { a: ['192.0.2.2'] },
  'c.mx': { a: ['192.0.2.3'] },
};

test('domains with the same MXs in the same order share a site, whatever their preference numbers', async () => {
  const names: FakeNames = {
    ...hosts,
    'one.example': {
      mx: [
        [10, 'a.mx'],
        [20, 'c.mx'],
        [20, 'b.mx'],
      ],
    },
    'two.example': {
      mx: [
        [5, 'b.mx'],
        [5, 'c.mx'],
        [0, 'a.mx'],
      ],
    },
    'other-order.example': {
      mx: [
        [10, 'b.mx'],
        [20, 'a.mx'],
        [20, 'c.mx'],
      ],
    },
    'all-equal.example': {
      mx: [
        [10, 'a.mx'],
        [10, 'b.mx'],
        [10, 'c.mx'],
      ],
    },
  };
  assert.deepEqual(await siteOf(names, 'one.example'), ['mx:a.mx,b.mx=c.mx:25', 'a.mx,b.mx,c.mx']);
  assert.deepEqual(await siteOf(names, 'two.example'), ['mx:a.mx,b.mx=c.mx:25', 'a.mx,b.mx,c.mx']);
  assert.deepEqual(await siteOf(names, 'other-order.example'), ['mx:b.mx,a.mx=c.mx:25', 'b.mx,a.mx,c.mx']);
  assert.deepEqual(await siteOf(names, 'all-equal.example'), ['mx:a.mx=b.mx=c.mx:25', 'a.mx,b.mx,c.mx']);
  assert.deepEqual(await siteOf(names, 'one.example', 2525), ['mx:a.mx,b.mx=c.mx:2525', 'a.mx,b.mx,c.mx']);
});

test('a site keeps its name while one of its hosts cannot be looked up', async () => {
  const names: FakeNames = {
    ...hosts,
    'one.example': {
      mx: [
        [10, 'a.mx'],
        [20, 'b.mx'],
      ],
    },
  };
  const whole = await siteOf(names, 'one.example');
  assert.deepEqual(await siteOf({ ...names, 'b.mx': { a: 'failed' } }, 'one.example'), whole);
});

test('a domain whose own host is the MX of another shares its site', async () => {
  const names: FakeNames = {
    ...hosts,
    'one.example': { mx: [[10, 'a.mx']] },
    'two.example': { cname: 'a.mx' },
  };
  assert.deepEqual(await siteOf(names, 'two.example'), await siteOf(names, 'one.example'));
});

test('the name of a site is bounded, and differs where the set differs', async () => {
  const long = (i: number) => `${'x'.repeat(50)}${i}.example`;
  const names: FakeNames = {};
  for (let i = 0; i < 10; i++) names[long(i)] = { a: [`192.0.2.${i + 1}`] };
  names['one.example'] = {
    mx: [
      [1, long(0)],
      [2, long(1)],
      [3, long(2)],
      [4, long(3)],
    ],
  };
  names['two.example'] = {
    mx: [
      [1, long(0)],
      [2, long(1)],
      [3, long(2)],
      [4, long(4)],
    ],
  };
  const [one] = await siteOf(names, 'one.example');
  const [two] = await siteOf(names, 'two.example');
  assert.match(one!, /^mx#[0-9a-f]{32}$/);
  assert.notEqual(one, two);
});

for (const [what, ttl, seconds] of [
  ['the lowest TTL', 600, 600],
  ['half a minute at least', 1, 30],
  ['an hour at most', 86_400, 3600],
] as const) {
  test(`a plan holds for ${what}`, async () => {
    const { router } = fakeRouter({
      'd.example': { mx: [[1, 'a.mx']], ttl: 100_000 },
      'a.mx': { a: ['192.0.2.1'], ttl },
      'nomail.example': { ttl },
    });
    for (const domain of ['d.example', 'nomail.example']) {
      const plan = await router.resolve(`mx:${domain}`);
      assert.equal(plan.validUntilMs, nowMs + seconds * 1000);
    }
  });
}

test('a temporary error holds for half a minute, a plan that lacks a host for five', async () => {
  const { router } = fakeRouter({
    ...hosts,
    'down.example': { mx: 'failed' },
    'part.example': {
      mx: [
        [1, 'a.mx'],
        [2, 'down.mx'],
      ],
    },
    'down.mx': { a: 'failed' },
  });
  assert.equal((await router.resolve('mx:down.example')).validUntilMs, nowMs + 30_000);
  assert.equal((await router.resolve('mx:part.example')).validUntilMs, nowMs + 300_000);
});

test('a plan is found in the cache until it ends, and asked for again after', async () => {
  let now = nowMs;
  const { router, resolver } = fakeRouter(
    { 'd.example': { mx: [[1, 'a.mx']] }, 'a.mx': { a: ['192.0.2.1'], ttl: 60 } },
    { now: () => now },
  );
  assert.equal(router.cached('mx:d.example', now), undefined);
  const plan = await router.resolve('mx:d.example');
  assert.equal(router.cached('mx:d.example', now), plan);
  assert.equal(await router.resolve('mx:d.example'), plan);
  assert.equal(resolver.asked.length, 3);
  now += 59_999;
  assert.equal(router.cached('mx:d.example', now), plan);
  now++;
  assert.equal(router.cached('mx:d.example', now), undefined);
  await router.resolve('mx:d.example');
  assert.equal(resolver.asked.length, 6);
});

test('equal look-ups at one time are made once', async () => {
  const { router, resolver } = fakeRouter({ 'd.example': { a: ['192.0.2.1'] } });
  const plans = await Promise.all(Array.from({ length: 10 }, () => router.resolve('mx:d.example')));
  assert.equal(new Set(plans).size, 1);
  assert.deepEqual(resolver.asked, ['MX d.example', 'AAAA d.example', 'A d.example']);
});

test('an unexpected error of the resolver is a temporary error', async () => {
  const broken: Resolver = {
    ...fakeResolver({}),
    mx: () => Promise.reject(new Error('out of order')),
  };
  const { router } = fakeRouter({}, { resolver: broken });
  const plan = await router.resolve('mx:d.example');
  assert.equal(brief(plan), '451 4.3.0 temporary');
  assert.ok(plan.kind === 'error' && plan.text.includes('out of order'));
});

test('a route of a rule that does not exist any more is a temporary error', async () => {
  const { router } = fakeRouter({});
  assert.equal(brief(await router.resolve('relay#gone:d.example')), '451 4.3.5 temporary');
  assert.equal(brief(await router.resolve('nonsense')), '451 4.3.5 temporary');
});

test('an error rule gives its reply for all domains', async () => {
  const target = { kind: 'error', enhancedStatus: '4.7.1', text: 'Closed for now' } as const;
  const rules: RouteRule[] = [
    { name: 'later', match: { kind: 'domain', domain: 'a.example' }, target: { ...target, replyCode: 450 } },
    {
      name: 'never',
      match: { kind: 'domain', domain: 'b.example' },
      target: { ...target, replyCode: 554, enhancedStatus: '5.7.1' },
    },
  ];
  const { router, resolver } = fakeRouter({}, { rules });
  const later = await router.resolve(router.routeOf('', 'u@a.example').key);
  assert.deepEqual(brief(later), '450 4.7.1 temporary');
  assert.equal(later.kind === 'error' && later.text, 'Closed for now');
  assert.deepEqual(brief(await router.resolve(router.routeOf('', 'u@b.example').key)), '554 5.7.1 permanent');
  assert.deepEqual(resolver.asked, []);
});

test('hosts of equal preference are in random order, each order equally often; preferences always hold', async () => {
  const names: FakeNames = {
    ...hosts,
    'd.example': {
      mx: [
        [20, 'c.mx'],
        [10, 'a.mx'],
        [10, 'b.mx'],
      ],
    },
    'a.mx': { a: ['192.0.2.1'], aaaa: ['2001:db8::1'] },
  };
  const seen = new Map<string, number>();
  const random = mulberry32(7);
  for (let i = 0; i < 600; i++) {
    const { router } = fakeRouter(names, { random });
    const plan = await router.resolve('mx:d.example');
    assert.ok(plan.kind === 'relay');
    const ips = plan.addresses.map((address) => address.ip);
    assert.equal(ips[3], '192.0.2.3');
    const order = ips.slice(0, 3).join(',');
    seen.set(order, (seen.get(order) ?? 0) + 1);
  }
  assert.equal(seen.size, 6);
  for (const [order, times] of seen) assert.ok(times > 60 && times < 140, `${order}: ${times}`);
});

/** A small seeded generator (Tommy Ettinger's mulberry32, public domain). */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

test('a plan is well-formed for any answers of DNS', async () => {
  const host = fc.constantFrom(
    'a.mx',
    'b.mx',
    'x.mx',
    'us.mx',
    '.',
    '',
    '192.0.2.1',
    'ü',
    'a b',
    'MAIL',
    'd.example',
  );
  const ips = fc.oneof(
    fc.constant('failed' as const),
    fc.array(fc.constantFrom('192.0.2.1', '192.0.2.2', '0.0.0.0', '192.0.2.250'), { maxLength: 12 }),
  );
  const name = fc.record({
    mx: fc.oneof(fc.constant('failed' as const), fc.array(fc.tuple(fc.nat(3), host), { maxLength: 30 })),
    a: ips,
    aaaa: fc.oneof(fc.constant('failed' as const), fc.array(fc.ipV6().filter(isPlainIpv6), { maxLength: 3 })),
    ttl: fc.nat(100_000),
  });
  await fc.assert(
    fc.asyncProperty(fc.dictionary(host, name), async (names) => {
      const resolver = fakeResolver(names);
      const router = createRouter({
        rules: [],
        resolver,
        isOwnAddress: (ip) => ip === '192.0.2.250',
        ownNames: ['us.mx'],
        ipv4: true,
        ipv6: true,
        smtpPort: 25,
        random: () => 0.3,
        now: () => nowMs,
      });
      const plan = await router.resolve('mx:d.example');
      assert.ok(plan.validUntilMs >= nowMs + 30_000 && plan.validUntilMs <= nowMs + 3_600_000);
      if (plan.kind === 'error') {
        assert.equal(plan.replyCode >= 500, plan.permanent);
        assert.equal(plan.enhancedStatus.startsWith('5'), plan.permanent);
        assert.notEqual(plan.text, '');
        return;
      }
      assert.ok(plan.addresses.length > 0);
      let last = 0;
      for (const { ip, host, preference } of plan.addresses) {
        assert.ok(preference >= last);
        last = preference;
        assert.ok(!['192.0.2.250', '0.0.0.0'].includes(ip));
        assert.match(host, /^[a-z.]+$/);
      }
    }),
    { numRuns: 500 },
  );
});

// The fake has canonical text only, as the resolver does.
function isPlainIpv6(ip: string): boolean {
  return !ip.includes('.') && ip === ip.toLowerCase();
}

test('a look-up that failed because no name server answers says so, and is not kept', async () => {
  const names: FakeNames = { 'a.example': { mx: 'failed' } };
  const { router, resolver } = fakeRouter(names);
  const dns = Object.assign(resolver, { outage: { sinceMs: 0, reason: 'silence' } as Resolver['outage'] });
  const during = await router.resolve('mx:a.example');
  assert.ok(during.kind === 'error');
  assert.equal(during.waitsForDns, true);
  assert.equal(router.cached('mx:a.example', nowMs), undefined);
  dns.outage = undefined;
  const after = await router.resolve('mx:a.example');
  assert.ok(after.kind === 'error');
  assert.equal(after.waitsForDns, undefined, 'one failed look-up does not mean that no name server answers');
  assert.equal(router.cached('mx:a.example', nowMs), after);
});
