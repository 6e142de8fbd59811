// Routes with senders of their own for recipients (VERP): their keys, plans and connections are apart from those of other mail.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { RouteRule } from '../../src/route/create-router.ts';
import { demandOf, withDemand, withoutDemand } from '../../src/route/security/demand.ts';
import type { RelayPlan, RoutePlan } from '../../src/route/types.ts';
import { verpOf, withoutVerp, withVerp } from '../../src/route/verp.ts';
import { fakeRouter } from './fake-resolver.ts';

const target = { kind: 'smarthost', hosts: [{ host: '192.0.2.1', port: 25 }], mode: 'failover' } as const;
const choice = { delimiters: '-=', by: 'settings' } as const;

function routerWith(rules: readonly RouteRule[]) {
  return fakeRouter(
    { 'far.test': { mx: [[10, 'mx.far.test']] }, 'mx.far.test': { a: ['192.0.2.2'] } },
    { rules },
  ).router;
}

function relay(plan: RoutePlan): RelayPlan {
  assert.equal(plan.kind, 'relay');
  return plan as RelayPlan;
}

test('the key tells the delimiters and who asked, and everything else in it stays', () => {
  const route = { key: 'srs!mx:far.test', domain: 'far.test' };
  const demanding = withDemand(route, 'requiretls');
  for (const by of ['settings', 'message'] as const) {
    const { key } = withVerp(demanding, { delimiters: '+=', by });
    assert.deepEqual(verpOf(key), { delimiters: '+=', by });
    assert.equal(withoutVerp(key), demanding.key);
    assert.equal(demandOf(key), 'requiretls');
    assert.equal(withoutDemand(key), route.key);
  }
  assert.equal(withVerp(route, undefined), route);
  assert.equal(verpOf(route.key), undefined);
});

test('the plan has one recipient a transaction, marks each hop, and shares no connection with other mail', async () => {
  const router = routerWith([{ name: 'out', match: { kind: 'default' }, target, verp: '-=' }]);
  const route = router.routeOf('list@a.test', 'x@b.test');
  assert.equal(route.verp, '-=');
  const own = relay(await router.resolve(withVerp(route, choice).key));
  const other = relay(await router.resolve(route.key));
  assert.deepEqual([own.recipientsPerTransaction, other.recipientsPerTransaction], [1, undefined]);
  assert.deepEqual(
    [own, other].map(({ addresses }) => addresses.map((hop) => hop.transport === 'smtp' && hop.verp)),
    [['-='], [undefined]],
  );
  assert.equal(own.site, other.site);
  assert.notEqual(own.security, other.security);
});

test('a route to the MX has it, too, and with senders that are rewritten', async () => {
  const router = routerWith([
    { name: 'all', match: { kind: 'default' }, target: { kind: 'mx' }, rewritesSenders: true, verp: '+=' },
  ]);
  const { key } = withVerp(router.routeOf('list@a.test', 'x@far.test'), choice);
  const [hop] = relay(await router.resolve(key)).addresses;
  assert.ok(hop?.transport === 'smtp');
  assert.deepEqual([hop.ip, hop.verp, hop.rewritesSenders], ['192.0.2.2', '-=', true]);
});

test('where a rule has it, the sender matters: bounces have none', () => {
  assert.equal(
    routerWith([{ name: 'a', match: { kind: 'default' }, target, verp: '+=' }]).looksAtSenders,
    true,
  );
  assert.equal(
    routerWith([{ name: 'a', match: { kind: 'default' }, target, verp: '' }]).looksAtSenders,
    false,
  );
});

test('what stays on this host keeps its sender, and an archive takes all recipients of a message at once', async () => {
  const archive = { kind: 'archive', place: { kind: 'maildir', folder: '/m' } } as const;
  const router = routerWith([{ name: 'kept', match: { kind: 'default' }, target: archive }]);
  const route = router.routeOf('list@a.test', 'x@b.test');
  const [own, other] = [withVerp(route, choice).key, route.key].map((key) => router.resolve(key));
  assert.deepEqual(await own, await other);
  assert.equal(relay(await own!).recipientsPerTransaction, undefined);
});
