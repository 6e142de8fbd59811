// TLS policies in plans: which hosts are left, how long plans hold, and which domains share connections.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { TlsRouting } from '../../../src/route/create-router.ts';
import type { RoutePlan } from '../../../src/route/types.ts';
import type { DaneAnswer, DaneHost } from '../../../src/values/dane-lookup.ts';
import type { StsAnswer, StsPolicies } from '../../../src/values/sts-policies.ts';
import { parseDomainPattern } from '../../../src/values/domain.ts';
import { demandOf, withDemand, withoutDemand } from '../../../src/route/security/demand.ts';
import { brief, fakeRouter, nowMs, type FakeNames } from '../fake-resolver.ts';
import type { TlsRule } from '../../../src/route/security/tls-rules.ts';

const mx = (...hosts: string[]) => hosts.map((host, index) => [(index + 1) * 10, host] as const);
const names: FakeNames = {
  'a.mx': { a: ['192.0.2.1'] },
  'b.mx': { a: ['192.0.2.2', '192.0.2.3'] },
  'one.example': { mx: mx('a.mx', 'b.mx') },
  'two.example': { mx: mx('a.mx', 'b.mx') },
  'other.example': { mx: mx('b.mx') },
  'relay.example': { a: ['192.0.2.9'] },
};

const routing: TlsRouting = { defaultLevel: 'opportunistic', rules: [], sts: undefined, dane: undefined };

function policy(mode: 'enforce' | 'testing', patterns: readonly string[], ttlSeconds = 3600): StsAnswer {
  return { kind: 'policy', mode, id: '1', mx: patterns, fetchedAtMs: 0, expiresAtMs: 1, ttlSeconds };
}

function stsOf(answers: Record<string, StsAnswer>): StsPolicies & { readonly asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    policyOf: async (domain) => {
      asked.push(domain);
      return answers[domain] ?? { kind: 'none', ttlSeconds: 3600 };
    },
    fits: (patterns, host) => patterns.includes(host),
  };
}

function rule(change: Partial<TlsRule>): TlsRule {
  return {
    domains: [],
    hosts: [],
    level: 'required',
    fingerprints: [],
    names: [],
    serverName: undefined,
    settings: '',
    usesMtaSts: true,
    usesDane: true,
    ...change,
  };
}

async function plans(tls: Partial<TlsRouting>, ...domains: string[]): Promise<RoutePlan[]> {
  const { router } = fakeRouter(names, { tls: { ...routing, ...tls } });
  return Promise.all(domains.map((domain) => router.resolve(`mx:${domain}`)));
}

/** `host level` of every address, once. */
function levels(plan: RoutePlan | undefined): string[] {
  assert.ok(plan?.kind === 'relay', JSON.stringify(plan));
  const all = plan.addresses.map(
    (hop) => `${hop.host} ${hop.transport === 'discard' ? '' : (hop.tls?.level ?? 'default')}`,
  );
  return [...new Set(all)];
}

function securityOf(plan: RoutePlan | undefined): string | undefined {
  assert.ok(plan?.kind === 'relay');
  return plan.security;
}

test('without any policy a plan has none', async () => {
  const [one] = await plans(
    { sts: stsOf({}), rules: [rule({ domains: [parseDomainPattern('other.example')] })] },
    'one.example',
  );
  assert.deepEqual(levels(one), ['a.mx default', 'b.mx default']);
  assert.equal(securityOf(one), undefined);
});

test('hosts that a policy in mode enforce does not name are told for reports, and no others', async () => {
  const told: string[] = [];
  const leftOut = (domain: string, host: string): void => void told.push(`${domain} ${host}`);
  const sts = stsOf({
    'one.example': policy('enforce', ['b.mx']),
    'two.example': policy('testing', ['c.mx']),
  });
  const [one] = await plans({ sts, leftOut }, 'one.example', 'two.example');
  assert.deepEqual(levels(one), ['b.mx verified']);
  assert.deepEqual(told, ['one.example a.mx']);
});

test('domains of one site share connections if the policies of their hosts are equal', async () => {
  const sts = stsOf({ 'one.example': policy('enforce', ['a.mx', 'b.mx']) });
  const [one, two] = await plans({ sts }, 'one.example', 'two.example');
  assert.ok(one?.kind === 'relay' && two?.kind === 'relay');
  assert.equal(one.site, two.site);
  assert.notEqual(one.security, two.security);
  const both = stsOf({
    'one.example': policy('enforce', ['a.mx', 'b.mx']),
    'two.example': policy('enforce', ['b.mx', 'a.mx', 'c.mx']),
  });
  const [first, second] = await plans({ sts: both }, 'one.example', 'two.example');
  assert.notEqual(securityOf(first), undefined);
  assert.equal(securityOf(first), securityOf(second));
});

test('hosts that an enforced policy does not name are left out, and people are told', async () => {
  const sts = stsOf({ 'one.example': policy('enforce', ['b.mx']) });
  const [one] = await plans({ sts }, 'one.example');
  assert.deepEqual(levels(one), ['b.mx verified']);
  assert.ok(one?.kind === 'relay');
  assert.deepEqual(one.tlsFacts?.leftOut, ['a.mx is not in the MTA-STS policy of one.example']);
});

test('mail waits when an enforced policy names none of the hosts', async () => {
  const sts = stsOf({ 'one.example': policy('enforce', ['c.mx']) });
  const [one] = await plans({ sts }, 'one.example');
  assert.equal(one && brief(one), '451 4.7.5 temporary');
  assert.ok(one?.kind === 'error');
  assert.equal(
    one.text,
    'No host may be used by the TLS policy: a.mx is not in the MTA-STS policy of one.example; b.mx is not in the MTA-STS policy of one.example',
  );
  assert.deepEqual(one.tlsFacts?.sts?.mx, ['c.mx']);
  assert.deepEqual(one.tlsFacts.leftOut, [
    'a.mx is not in the MTA-STS policy of one.example',
    'b.mx is not in the MTA-STS policy of one.example',
  ]);
});

test('a policy in testing changes nothing but what people are told', async () => {
  const sts = stsOf({ 'one.example': policy('testing', ['c.mx']) });
  const [one, two] = await plans({ sts }, 'one.example', 'two.example');
  assert.deepEqual(levels(one), ['a.mx default', 'b.mx default']);
  assert.equal(securityOf(one), securityOf(two));
  assert.ok(one?.kind === 'relay');
  assert.equal(one.tlsFacts?.sts?.mode, 'testing');
});

test('a plan holds no longer than the policy that it was made with', async () => {
  const sts = stsOf({
    'one.example': policy('enforce', ['a.mx'], 45),
    'two.example': { kind: 'none', ttlSeconds: 50 },
  });
  const [one, two] = await plans({ sts }, 'one.example', 'two.example');
  assert.equal(one?.validUntilMs, nowMs + 45_000);
  assert.equal(two?.validUntilMs, nowMs + 50_000);
});

test('the policy of an address literal is not asked for', async () => {
  const sts = stsOf({});
  await plans({ sts }, '[192.0.2.77]', 'one.example');
  assert.deepEqual(sts.asked, ['one.example']);
});

test('the first rule that matches domain and host counts', async () => {
  const rules = [
    rule({
      domains: [parseDomainPattern('one.example')],
      hosts: [parseDomainPattern('a.mx')],
      level: 'none',
    }),
    rule({ domains: [parseDomainPattern('one.example')] }),
    rule({ hosts: [parseDomainPattern('*.mx')], level: 'verified' }),
  ];
  const [one, two] = await plans({ rules }, 'one.example', 'two.example');
  assert.deepEqual(levels(one), ['a.mx none', 'b.mx required']);
  assert.deepEqual(levels(two), ['a.mx verified', 'b.mx verified']);
});

test('a rule can switch off what a domain publishes', async () => {
  const sts = stsOf({ 'one.example': policy('enforce', ['c.mx']) });
  const rules = [
    rule({ domains: [parseDomainPattern('one.example')], level: 'opportunistic', usesMtaSts: false }),
  ];
  const [one] = await plans({ sts, rules }, 'one.example');
  assert.deepEqual(levels(one), ['a.mx default', 'b.mx default']);
});

function signed(answers: Record<string, DaneAnswer>, asked: DaneHost[] = []) {
  const dane = {
    of: async (host: DaneHost): Promise<DaneAnswer> => {
      asked.push(host);
      return answers[host.host] ?? { kind: 'none', ttlSeconds: 3600 };
    },
  };
  const { router, resolver } = fakeRouter(names, { tls: { ...routing, dane } });
  const { mx: ask } = resolver;
  Object.assign(resolver, {
    mx: async (domain: string) => ({ ...(await ask(domain)), authenticated: domain !== 'two.example' }),
  });
  return { router, asked };
}

const found: DaneAnswer = {
  kind: 'records',
  base: 'a.mx',
  names: ['a.mx'],
  tlsa: [{ usage: 3, selector: 1, matchingType: 1, data: 'aa' }],
  ttlSeconds: 40,
};

test('the records of each host are asked for once, and only behind signed MX records', async () => {
  const { router, asked } = signed({ 'a.mx': found });
  const one = await router.resolve('mx:one.example');
  assert.deepEqual(levels(one), ['a.mx dane', 'b.mx default']);
  assert.equal(one.validUntilMs, nowMs + 40_000);
  assert.deepEqual(
    asked.map(({ host, isSecure, nextHopDomain, port }) => [host, port, nextHopDomain, isSecure]),
    [
      ['a.mx', 25, 'one.example', true],
      ['b.mx', 25, 'one.example', true],
    ],
  );
  const two = await router.resolve('mx:two.example');
  assert.deepEqual(levels(two), ['a.mx default', 'b.mx default']);
  assert.equal(asked.length, 2);
});

test('a host whose records cannot be looked up is skipped, and the plan is looked up again soon', async () => {
  const { router } = signed({ 'a.mx': { kind: 'failed', reason: 'SERVFAIL' } });
  const one = await router.resolve('mx:one.example');
  assert.deepEqual(levels(one), ['b.mx default']);
  assert.equal(one.validUntilMs, nowMs + 300_000);
  const other = signed({ 'b.mx': { kind: 'failed', reason: 'SERVFAIL' } });
  const only = await other.router.resolve('mx:other.example');
  assert.equal(brief(only), '451 4.7.5 temporary');
});

test('addresses that are not secure are left out where DANE decides', async () => {
  const { router } = signed({ 'b.mx': { ...found, ips: ['192.0.2.3'] } });
  assert.deepEqual(brief(await router.resolve('mx:other.example')), ['10 b.mx 192.0.2.3:25']);
});

const smarthost = (tls?: 'verified') => ({
  name: 'out',
  match: { kind: 'default' } as const,
  target: {
    kind: 'smarthost' as const,
    mode: 'failover' as const,
    hosts: [
      { host: 'relay.example', port: 465, implicitTls: true },
      { host: 'relay.example', port: 587 },
    ],
    tls,
  },
});

test('a smarthost has implicit TLS where its address says so, and the level of its route', async () => {
  for (const [level, expected] of [
    [undefined, ['465 required implicit', '587 default']],
    ['verified', ['465 verified implicit', '587 verified']],
  ] as const) {
    const { router } = fakeRouter(names, { rules: [smarthost(level)], tls: routing });
    const plan = await router.resolve(router.routeOf('', 'x@anywhere.example').key);
    assert.ok(plan.kind === 'relay');
    assert.deepEqual(
      plan.addresses.map((hop) => {
        const tls = hop.transport === 'discard' ? undefined : hop.tls;
        const port = hop.endpoint.kind === 'tcp' ? hop.endpoint.port : 0;
        return `${port} ${tls?.level ?? 'default'}${tls?.implicit === true ? ' implicit' : ''}`;
      }),
      expected,
    );
  }
});

test('routes that differ in TLS alone have keys of their own', () => {
  const keys = [undefined, 'verified' as const].map(
    (level) => fakeRouter(names, { rules: [smarthost(level)] }).router.routeOf('', 'x@anywhere.example').key,
  );
  assert.notEqual(keys[0], keys[1]);
});

test('mail that waives what domains publish has the default, and mail with REQUIRETLS a plan of its own', async () => {
  const sts = stsOf({ 'one.example': policy('enforce', ['b.mx']) });
  const { router } = fakeRouter(names, { tls: { ...routing, sts } });
  const route = router.routeOf('', 'x@one.example');
  const plain = await router.resolve(route.key);
  const waived = await router.resolve(withDemand(route, 'tls-required-no').key);
  const demanding = await router.resolve(withDemand(route, 'requiretls').key);
  assert.deepEqual(levels(plain), ['b.mx verified']);
  assert.deepEqual(levels(waived), ['a.mx default', 'b.mx default']);
  assert.deepEqual(levels(demanding), ['b.mx verified']);
  assert.equal(securityOf(waived), undefined);
  assert.notEqual(securityOf(demanding), securityOf(plain), 'only the latter asks for REQUIRETLS');
  assert.equal(router.cached(withDemand(route, 'requiretls').key, nowMs), demanding);
});

test('mail with REQUIRETLS goes back when no way to the domain is secure', async () => {
  const { router } = fakeRouter(names, { tls: routing });
  const plan = await router.resolve(withDemand(router.routeOf('', 'x@one.example'), 'requiretls').key);
  assert.equal(brief(plan), '550 5.7.30 permanent');
});

test('mail with REQUIRETLS to a mailbox server here is delivered as other mail', async () => {
  const target = { kind: 'lmtp', mode: 'failover', servers: [{ kind: 'unix', path: '/run/lmtp' }] } as const;
  const rules = [{ name: 'boxes', match: { kind: 'default' }, target }] as const;
  const { router } = fakeRouter(names, { rules, tls: routing });
  const plan = await router.resolve(withDemand(router.routeOf('', 'x@one.example'), 'requiretls').key);
  assert.ok(plan.kind === 'relay');
  assert.equal(plan.security, undefined);
});

test('the demand of a message survives in its route key whatever the route is', () => {
  const { router } = fakeRouter(names, { rules: [smarthost()] });
  const route = router.routeOf('', 'x@anywhere.example');
  for (const demand of ['requiretls', 'tls-required-no'] as const) {
    const { key } = withDemand(route, demand);
    assert.deepEqual([demandOf(key), withoutDemand(key)], [demand, route.key]);
  }
  assert.equal(withDemand(route, undefined), route);
  assert.equal(demandOf(route.key), undefined);
});
