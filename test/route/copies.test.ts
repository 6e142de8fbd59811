// Copies for archives have plans of their own: no transaction and no connection has them beside other mail.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asCopy } from '../../src/route/copies.ts';
import { withDemand } from '../../src/route/security/demand.ts';
import type { RouteRule } from '../../src/route/create-router.ts';
import type { RelayPlan, RoutePlan } from '../../src/route/types.ts';
import { fakeRouter } from './fake-resolver.ts';

const target = { kind: 'smarthost', hosts: [{ host: '192.0.2.1', port: 25 }], mode: 'failover' } as const;
const names = { 'far.test': { mx: [[10, 'mx.far.test']] as const }, 'mx.far.test': { a: ['192.0.2.2'] } };

function relay(plan: RoutePlan): RelayPlan {
  assert.equal(plan.kind, 'relay');
  return plan as RelayPlan;
}

for (const [what, rule] of [
  ['a smarthost', { name: 'out', match: { kind: 'default' }, target }],
  ['the MX', { name: 'out', match: { kind: 'default' }, target: { kind: 'mx' } }],
  [
    'a smarthost with rewriting of senders',
    { name: 'out', match: { kind: 'default' }, target, rewritesSenders: true },
  ],
] as const satisfies readonly (readonly [string, RouteRule])[]) {
  test(`a copy by ${what} goes to the same site, and shares no connection with other mail`, async () => {
    const { router } = fakeRouter(names, { rules: [rule] });
    const route = router.routeOf('joe@a.test', 'x@far.test');
    const copy = asCopy(route);
    assert.notEqual(copy.key, route.key);
    assert.equal(copy.domain, route.domain);
    for (const demand of [undefined, 'tls-required-no'] as const) {
      const [mail, archive] = [
        relay(await router.resolve(withDemand(route, demand).key)),
        relay(await router.resolve(withDemand(copy, demand).key)),
      ];
      assert.equal(archive.site, mail.site);
      assert.notEqual(archive.security, mail.security);
      assert.deepEqual(
        archive.addresses.map(({ ip }) => ip),
        mail.addresses.map(({ ip }) => ip),
      );
      assert.ok(archive.addresses.every((hop) => !('rewritesSenders' in hop)));
    }
  });
}
