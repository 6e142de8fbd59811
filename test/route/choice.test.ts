// Routes that somebody chose by name: by the plan of that route and no other, whatever the routing table says about the domain.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooserOf, chosenBy, withoutChoice } from '../../src/route/choice.ts';
import { asCopy } from '../../src/route/copies.ts';
import type { RouteRule } from '../../src/route/create-router.ts';
import { holdsMail } from '../../src/route/local-ways.ts';
import { routeNameIn } from '../../src/route/plan-key.ts';
import { withDemand } from '../../src/route/security/demand.ts';
import type { RoutePlan } from '../../src/route/types.ts';
import { fakeRouter } from './fake-resolver.ts';

function rule(name: string, domain: string, host: string): RouteRule {
  const target = { kind: 'smarthost', hosts: [{ host, port: 25 }], mode: 'failover' } as const;
  return { name, match: { kind: 'domain', domain }, target };
}

const rules = [
  rule('usual', 'far.test', '192.0.2.1'),
  rule('other', 'other.test', '192.0.2.2'),
  { ...rule('rewriting', 'rewriting.test', '192.0.2.3'), rewritesSenders: true as const },
  { name: 'direct', match: { kind: 'domain', domain: 'mx.test' }, target: { kind: 'mx' } },
] as const satisfies readonly RouteRule[];
const names = { 'far.test': { mx: [[10, 'mx.far.test']] as const }, 'mx.far.test': { a: ['192.0.2.9'] } };

function hosts(plan: RoutePlan): readonly string[] {
  return plan.kind === 'relay' ? plan.addresses.map(({ ip }) => ip) : [plan.text];
}

for (const [name, ip] of [
  ['usual', '192.0.2.1'],
  ['other', '192.0.2.2'],
  ['rewriting', '192.0.2.3'],
  ['direct', '192.0.2.9'],
] as const) {
  test(`the route "${name}" leads to ${ip}, whoever chose it and whatever the message asks for`, async () => {
    const { router } = fakeRouter(names, { rules });
    const route = router.routeNamed(name, 'joe@a.test', 'x@far.test');
    assert.equal(route.domain, 'far.test');
    for (const chooser of ['stage', 'plugin', 'table', 'release'] as const) {
      const chosen = chosenBy(chooser, route);
      assert.equal(chooserOf(chosen.key), chooser);
      assert.equal(withoutChoice(chosen.key), route.key);
      for (const each of [
        route,
        chosen,
        withDemand(chosen, 'tls-required-no'),
        chosenBy(chooser, asCopy(route)),
      ]) {
        assert.deepEqual(hosts(await router.resolve(each.key)), [ip]);
        const cached = router.cached(each.key, 0);
        assert.deepEqual(cached && hosts(cached), [ip]);
      }
    }
  });
}

test('a chosen route has the plan of other mail of that route', async () => {
  const { router } = fakeRouter(names, { rules });
  const [other] = [router.routeOf('', 'x@other.test')];
  const chosen = chosenBy('stage', router.routeNamed('other', '', 'x@far.test'));
  const [usual, plan] = [await router.resolve(other.key), await router.resolve(chosen.key)];
  assert.equal(plan, usual);
});

test('a chosen route that is gone is a temporary error, and never the usual route of the domain', async () => {
  const before = fakeRouter(names, { rules }).router;
  const chosen = chosenBy('plugin', before.routeNamed('other', '', 'x@far.test'));
  const { router } = fakeRouter(names, { rules: rules.slice(0, 1) });
  for (const { key } of [
    chosen,
    withDemand(chosen, 'requiretls'),
    chosenBy('stage', asCopy(before.routeNamed('other', '', 'x@far.test'))),
  ]) {
    const plan = await router.resolve(key);
    assert.ok(plan.kind === 'error' && !plan.permanent);
    assert.match(plan.text, /^The routing table no longer has the route "other"$/);
  }
  // Mail that nobody chose a route for takes the rule that its domain has now.
  const earlier = before.routeNamed('other', '', 'x@far.test');
  assert.deepEqual(hosts(await router.resolve(earlier.key)), ['192.0.2.1']);
});

test('a name that no route has is a temporary error that names it', async () => {
  const { router } = fakeRouter(names, { rules });
  const plan = await router.resolve(chosenBy('stage', router.routeNamed('a:b ü', '', 'x@far.test')).key);
  assert.ok(plan.kind === 'error' && !plan.permanent);
  assert.match(plan.text, /no route "a:b ü", which was chosen/);
});

test('no key of the routing table counts as chosen', () => {
  const { router } = fakeRouter(names, { rules });
  for (const domain of ['far.test', 'rewriting.test', 'mx.test', 'by-stage.test']) {
    const { key } = router.routeOf('', `x@${domain}`);
    assert.equal(chooserOf(key), undefined);
    assert.equal(withoutChoice(key), key);
  }
  assert.equal(router.ruleNameFor('', 'x@far.test'), 'usual');
  assert.equal(router.ruleNameFor('', 'x@none.test'), '');
});

test('the route past holds is the next that matches, whichever rules hold mail', () => {
  const hold = (name: string, match: RouteRule['match']): RouteRule => ({
    name,
    match,
    target: { kind: 'hold', reason: 'not yet' },
  });
  const sender = {
    ...rule('sender', 'x.test', '192.0.2.4'),
    match: { kind: 'sender', sender: 'a@a.test' },
  } as const;
  const wide = {
    ...rule('wide', 'x.test', '192.0.2.5'),
    match: { kind: 'suffix', suffix: '*.far.test' },
  } as const;
  const holds = [
    hold('far', { kind: 'domain', domain: 'far.test' }),
    hold('deep', { kind: 'domain', domain: 'deep.far.test' }),
    hold('all', { kind: 'default' }),
  ];
  const { router } = fakeRouter(names, {
    rules: [...holds, rule('other', 'other.test', '192.0.2.2'), sender, wide],
  });
  const past = (from: string, to: string) => routeNameIn(router.routePastHolds(from, to).key);
  assert.ok(holdsMail(withDemand(asCopy(router.routeOf('', 'x@far.test')), 'requiretls').key));
  assert.equal(past('b@a.test', 'x@deep.far.test'), 'wide');
  assert.equal(past('a@a.test', 'x@far.test'), 'sender');
  assert.equal(past('b@a.test', 'x@other.test'), 'other');
  assert.equal(router.routePastHolds('b@a.test', 'x@far.test').key, 'mx:far.test');
});
