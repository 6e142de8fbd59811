// Routes to smarthosts: names and addresses, failover and balance. A fault of theirs never bounces mail.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { RouteRule, Smarthost } from '../../src/route/create-router.ts';
import { brief, fakeRouter, nowMs, type FakeNames } from './fake-resolver.ts';

const names: FakeNames = {
  // Its MX record must not be used.
  'relay.example': { a: ['192.0.2.1'], aaaa: ['2001:db8::1'], mx: [[1, 'elsewhere.example']], ttl: 120 },
  'second.example': { a: ['192.0.2.2'] },
  'down.example': { a: 'failed', aaaa: 'failed' },
  'us.example': { a: ['192.0.2.250'] },
  'empty.example': {},
};

async function resolve(hosts: readonly Smarthost[], mode: 'failover' | 'balance' = 'failover') {
  const rules: RouteRule[] = [
    { name: 'out', match: { kind: 'default' }, target: { kind: 'smarthost', hosts, mode } },
  ];
  const made = fakeRouter(names, { rules });
  const plan = await made.router.resolve(made.router.routeOf('', 'u@far.example').key);
  return { ...made, plan };
}

const relay = { host: 'Relay.Example', port: 587 };
const second = { host: '[second.example]', port: 25 };

test('failover uses the smarthosts in their order', async () => {
  const { plan } = await resolve([relay, second]);
  assert.deepEqual(brief(plan), [
    '0 relay.example 2001:db8::1:587',
    '0 relay.example 192.0.2.1:587',
    '1 second.example 192.0.2.2:25',
  ]);
  assert.ok(plan.kind === 'relay');
  assert.deepEqual(
    [plan.site, plan.label],
    ['relay:relay.example:587,second.example:25', 'relay.example:587,second.example:25'],
  );
  assert.equal(plan.validUntilMs, nowMs + 120_000);
});

test('balance gives all smarthosts the same preference', async () => {
  const { plan } = await resolve([relay, second], 'balance');
  assert.ok(plan.kind === 'relay');
  assert.deepEqual(new Set(plan.addresses.map((address) => address.preference)), new Set([0]));
  assert.equal(plan.addresses.length, 3);
  assert.equal(plan.site, 'relay:relay.example:587=second.example:25');
});

test('addresses in any form are used without a look-up', async () => {
  const { plan, resolver } = await resolve([
    { host: '192.0.2.9', port: 25 },
    { host: '[192.0.2.10]', port: 26 },
    { host: '2001:DB8::9', port: 27 },
    { host: '[2001:db8::10]', port: 28 },
    { host: '[IPv6:2001:db8::11]', port: 29 },
  ]);
  assert.deepEqual(brief(plan), [
    '0 192.0.2.9 192.0.2.9:25',
    '1 192.0.2.10 192.0.2.10:26',
    '2 [2001:db8::9] 2001:db8::9:27',
    '3 [2001:db8::10] 2001:db8::10:28',
    '4 [2001:db8::11] 2001:db8::11:29',
  ]);
  assert.deepEqual(resolver.asked, []);
  assert.equal(plan.validUntilMs, nowMs + 3_600_000);
});

test('all domains of the rule have one plan', async () => {
  const { router, resolver, plan } = await resolve([relay]);
  const { length } = resolver.asked;
  assert.equal(await router.resolve(router.routeOf('', 'u@near.example').key), plan);
  const third = router.routeOf('', 'u@third.example').key;
  assert.equal(router.cached(third, nowMs), plan);
  assert.equal(resolver.asked.length, length);
});

for (const [what, hosts, want] of [
  [
    'a smarthost that cannot be looked up is skipped',
    ['down.example', 'second.example'],
    ['1 second.example 192.0.2.2:25'],
  ],
  [
    'a smarthost that does not exist is skipped',
    ['gone.example', 'second.example'],
    ['1 second.example 192.0.2.2:25'],
  ],
  ['one that is this server is skipped', ['us.example', 'second.example'], ['1 second.example 192.0.2.2:25']],
  ['none can be looked up', ['down.example'], '451 4.4.3 temporary'],
  ['none exists', ['gone.example'], '451 4.4.3 temporary'],
  ['none has an address', ['empty.example'], '451 4.4.3 temporary'],
  ['all are this server', ['us.example', '192.0.2.250'], '451 4.3.5 temporary'],
] as const) {
  test(what, async () => {
    const { plan } = await resolve(hosts.map((host) => ({ host, port: 25 })));
    assert.deepEqual(brief(plan), want);
  });
}
