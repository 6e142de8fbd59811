// Routes that rewrite foreign senders: their keys, and the plans behind them, are apart from those of other routes to the same place.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { RouteRule } from '../../src/route/create-router.ts';
import { withDemand } from '../../src/route/security/demand.ts';
import type { RelayPlan, RoutePlan } from '../../src/route/types.ts';
import { fakeRouter, nowMs } from './fake-resolver.ts';

const target = { kind: 'smarthost', hosts: [{ host: '192.0.2.1', port: 25 }], mode: 'failover' } as const;

const names = { 'far.test': { mx: [[10, 'mx.far.test']] as const }, 'mx.far.test': { a: ['192.0.2.2'] } };

function routerWith(rules: readonly RouteRule[]) {
  return fakeRouter(names, { rules }).router;
}

function relay(plan: RoutePlan): RelayPlan {
  assert.equal(plan.kind, 'relay');
  return plan as RelayPlan;
}

test('the plan of such a route marks each hop, and shares no connection with another one to the same site', async () => {
  const router = routerWith([
    { name: 'passed', match: { kind: 'domain', domain: 'a.test' }, target, rewritesSenders: true },
    { name: 'plain', match: { kind: 'domain', domain: 'b.test' }, target },
  ]);
  const [passed, plain] = await Promise.all(
    ['x@a.test', 'x@b.test'].map(async (to) => relay(await router.resolve(router.routeOf('', to).key))),
  );
  assert.equal(passed!.site, plain!.site);
  assert.notEqual(passed!.security, plain!.security);
  const marks = (plan: RelayPlan) =>
    plan.addresses.map((hop) => hop.transport === 'smtp' && hop.rewritesSenders === true);
  assert.deepEqual([marks(passed!), marks(plain!)], [[true], [false]]);
});

test('a route to the MX does so, too, also for mail that demands TLS', async () => {
  const router = routerWith([
    { name: 'all', match: { kind: 'default' }, target: { kind: 'mx' }, rewritesSenders: true },
  ]);
  const route = router.routeOf('', 'x@far.test');
  assert.equal(route.domain, 'far.test');
  for (const { key } of [route, withDemand(route, 'tls-required-no')]) {
    const plan = relay(await router.resolve(key));
    assert.deepEqual(
      plan.addresses.map((hop) => [hop.ip, hop.transport === 'smtp' && hop.rewritesSenders]),
      [['192.0.2.2', true]],
    );
    assert.equal(router.cached(key, nowMs)?.kind, 'relay');
  }
});

test('mail with the key of an earlier table goes by the present one', async () => {
  const before = routerWith([
    { name: 'old', match: { kind: 'domain', domain: 'a.test' }, target, rewritesSenders: true },
  ]);
  const after = routerWith([
    { name: 'new', match: { kind: 'domain', domain: 'a.test' }, target, rewritesSenders: true },
  ]);
  const { key } = before.routeOf('', 'x@a.test');
  assert.equal(relay(await after.resolve(key)).addresses[0]?.ip, '192.0.2.1');
});
