// What a rule does to the mail of its hosts beside saying where they are: connections that differ in it are not shared.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSocketHop } from '../../src/route/next-hop.ts';
import { fakeRouter } from './fake-resolver.ts';

const target = { kind: 'smarthost', hosts: [{ host: '192.0.2.1', port: 25 }], mode: 'failover' } as const;

test('hosts of a rule that tells the client are told, and share no connection with those of another rule', async () => {
  const { router } = fakeRouter(
    {},
    {
      rules: [
        { name: 'scan', match: { kind: 'chosen' }, target, tellsClient: true },
        { name: 'plain', match: { kind: 'default' }, target },
      ],
    },
  );
  const keys = [router.routeNamed('scan', '', 'x@a.test'), router.routeOf('', 'x@a.test')];
  const plans = await Promise.all(keys.map(({ key }) => router.resolve(key)));
  const seen = plans.map((plan) =>
    plan.kind === 'relay'
      ? [plan.site, plan.addresses.map((hop) => isSocketHop(hop) && hop.tellsClient === true)]
      : [],
  );
  assert.equal(seen[0]?.[0], seen[1]?.[0]);
  assert.deepEqual(
    seen.map(([, told]) => told),
    [[true], [false]],
  );
  const [scan, plain] = plans.map((plan) => (plan.kind === 'relay' ? plan.security : ''));
  assert.notEqual(scan, plain);
});
