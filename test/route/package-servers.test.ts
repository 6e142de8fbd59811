// Routes to servers of QMQP and QMTP: hops, order, senders that are rewritten, and mail that demands TLS.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { RouteRule } from '../../src/route/create-router.ts';
import { rewritingPlan } from '../../src/route/sender-rewriting.ts';
import { withDemand } from '../../src/route/security/demand.ts';
import { type PackageProtocol, parsePackageServer } from '../../src/values/package-server.ts';
import { nameOf, readTarget, ruleOfTargetKey, targetKey } from '../../src/route/target-key.ts';
import { fakeRouter, type FakeNames } from './fake-resolver.ts';

const names: FakeNames = {
  // Its MX record must not be used.
  'qmail.example': { a: ['192.0.2.1'], mx: [[1, 'elsewhere.example']], ttl: 120 },
  'down.example': { a: 'failed', aaaa: 'failed' },
};

function routed(protocol: PackageProtocol, servers: readonly string[], part: Partial<RouteRule> = {}) {
  const target = {
    kind: protocol,
    servers: servers.map((text) => parsePackageServer(protocol, text)),
    mode: 'failover',
  } as const;
  const rules: RouteRule[] = [{ name: 'centre', match: { kind: 'default' }, target, ...part }];
  const { router } = fakeRouter(names, { rules });
  return { router, route: router.routeOf('', 'u@far.example') };
}

for (const [protocol, port] of [
  ['qmqp', 628],
  ['qmtp', 209],
] as const) {
  test(`${protocol}: servers are used in their order, at the protocol's port`, async () => {
    const { router, route } = routed(protocol, ['Qmail.example', '192.0.2.2:1', 'unix:/run/centre']);
    const plan = await router.resolve(route.key);
    assert.ok(plan.kind === 'relay');
    assert.deepEqual(
      plan.addresses.map(({ preference, transport, key, host }) => [preference, transport, key, host]),
      [
        [0, protocol, `192.0.2.1:${port}`, 'qmail.example'],
        [1, protocol, '192.0.2.2:1', '192.0.2.2'],
        [2, protocol, 'unix:/run/centre', 'unix:/run/centre'],
      ],
    );
    assert.equal(plan.site, `${protocol}:qmail.example:${port},192.0.2.2:1,unix:/run/centre`);
    const rewriting = rewritingPlan({ plan, ttlSeconds: 1 }).plan;
    assert.ok(rewriting.kind === 'relay');
    assert.ok(rewriting.addresses.every(({ rewritesSenders }) => rewritesSenders === true));
  });

  test(`${protocol}: mail with REQUIRETLS goes back, also where TLS is demanded and on a socket of this host`, async () => {
    for (const server of ['qmail.example', 'unix:/run/centre']) {
      const { router, route } = routed(protocol, [server]);
      const plan = await router.resolve(withDemand(route, 'requiretls').key);
      assert.ok(plan.kind === 'error' && plan.permanent);
      assert.equal(plan.enhancedStatus, '5.7.30');
    }
  });

  test(`${protocol}: mail waits while its servers cannot be looked up`, async () => {
    const { router, route } = routed(protocol, ['down.example']);
    const plan = await router.resolve(route.key);
    assert.ok(plan.kind === 'error' && !plan.permanent);
    assert.match(
      plan.text,
      new RegExp(`^No ${protocol.toUpperCase()} server of route "centre" can be used`, 'u'),
    );
  });
}

test('servers that a table names are in the key of their plan', async () => {
  const target = readTarget('qmtp', ['192.0.2.2', '[2001:db8::2]:2090', 'unix:/run/centre'], 'balance');
  const key = targetKey(target);
  assert.deepEqual(ruleOfTargetKey(key)?.target, target);
  assert.equal(nameOf(target), '192.0.2.2:209, [2001:db8::2]:2090, unix:/run/centre by QMTP');
  const plan = await fakeRouter(names, { rules: [] }).router.resolve(`${key}:far.example`);
  assert.ok(plan.kind === 'relay');
  assert.deepEqual(new Set(plan.addresses.map(({ transport }) => transport)), new Set(['qmtp']));
});
