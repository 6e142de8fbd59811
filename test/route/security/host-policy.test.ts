// Which policy wins for a host: the order of what bears on it, each step against the next.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { hostPolicy, type HostFacts } from '../../../src/route/security/host-policy.ts';
import type { TlsRule } from '../../../src/route/security/tls-rules.ts';
import type { DaneAnswer } from '../../../src/values/dane-lookup.ts';
import type { TlsLevel } from '../../../src/values/tls-policy.ts';

const plain: HostFacts = {
  host: 'mx.example.net',
  domain: 'example.com',
  demand: undefined,
  routeLevel: undefined,
  rule: undefined,
  defaultLevel: 'opportunistic',
  implicit: false,
  isSecure: false,
  sts: undefined,
  dane: undefined,
};

const tlsa = [{ usage: 3, selector: 1, matchingType: 1, data: 'ab'.repeat(32) }];
const records: DaneAnswer = {
  kind: 'records',
  base: 'base.example.net',
  names: ['base.example.net', 'example.com'],
  tlsa,
  ttlSeconds: 60,
};
const unusable: DaneAnswer = { ...records, tlsa: [] };
const failed: DaneAnswer = { kind: 'failed', reason: 'SERVFAIL from 127.0.0.1' };
const noRecords: DaneAnswer = { kind: 'none', ttlSeconds: 60 };
const enforced = { mode: 'enforce', fits: true } as const;
const misfit = { mode: 'enforce', fits: false } as const;

function ruleOf(level: TlsLevel, more: Partial<TlsRule> = {}): TlsRule {
  return {
    domains: [],
    hosts: [],
    level,
    fingerprints: level === 'fingerprint' ? ['ab'.repeat(32)] : [],
    names: [],
    serverName: undefined,
    settings: '',
    usesMtaSts: true,
    usesDane: true,
    ...more,
  };
}

/** In short: the level and who says it, `default`, or `left out`. */
function decided(facts: Partial<HostFacts>): string {
  const decision = hostPolicy({ ...plain, ...facts });
  if (decision.kind === 'left out') return decision.lasting ? 'left out for good' : 'left out';
  const { tls } = decision;
  return tls === undefined ? 'default' : `${tls.level} by ${tls.from}`;
}

const cases: readonly (readonly [string, Partial<HostFacts>, string])[] = [
  ['nothing said: the default', {}, 'default'],
  ['the default level', { defaultLevel: 'required' }, 'required by configuration'],
  ['the default level none', { defaultLevel: 'none' }, 'none by configuration'],
  [
    'a rule before the default level',
    { rule: ruleOf('none'), defaultLevel: 'required' },
    'none by configuration',
  ],
  ['a rule that says opportunistic is the default', { rule: ruleOf('opportunistic') }, 'default'],
  ['a route before a rule', { rule: ruleOf('none'), routeLevel: 'required' }, 'required by configuration'],
  ['implicit TLS cannot be done without', { implicit: true }, 'required by configuration'],
  ['implicit TLS, and none said', { implicit: true, rule: ruleOf('none') }, 'required by configuration'],
  ['implicit TLS, and more said', { implicit: true, routeLevel: 'verified' }, 'verified by configuration'],

  ['a log-in: the host must be verified', { logsIn: true }, 'verified by configuration'],
  [
    'a log-in, and a default level that asks for less',
    { logsIn: true, defaultLevel: 'required' },
    'verified by configuration',
  ],
  ['a log-in, and a default level that asks for as much', { logsIn: true, defaultLevel: 'dane' }, 'left out'],
  [
    'a log-in, and a rule that has only the default level',
    { logsIn: true, rule: ruleOf('opportunistic', { isLevelSaid: false }) },
    'verified by configuration',
  ],
  [
    'a log-in, and a rule that asks for less by name',
    { logsIn: true, rule: ruleOf('none') },
    'none by configuration',
  ],
  [
    'a log-in, and a rule with fingerprints',
    { logsIn: true, rule: ruleOf('fingerprint') },
    'fingerprint by configuration',
  ],
  [
    'a log-in, and a route that asks for less by name',
    { logsIn: true, routeLevel: 'required' },
    'required by configuration',
  ],
  ['a log-in, and TLS before the greeting', { logsIn: true, implicit: true }, 'verified by configuration'],

  ['MTA-STS enforced', { sts: enforced }, 'verified by mta-sts'],
  ['MTA-STS enforced, and the host is not in it', { sts: misfit }, 'left out'],
  ['MTA-STS in testing', { sts: { mode: 'testing', fits: true } }, 'default'],
  ['MTA-STS in testing, and the host is not in it', { sts: { mode: 'testing', fits: false } }, 'default'],
  [
    'MTA-STS before none of the configuration',
    { sts: enforced, rule: ruleOf('none') },
    'verified by mta-sts',
  ],
  [
    'MTA-STS before required of the configuration',
    { sts: enforced, rule: ruleOf('required') },
    'verified by mta-sts',
  ],
  [
    'required of the configuration where MTA-STS is only tested',
    { sts: { mode: 'testing', fits: true }, rule: ruleOf('required') },
    'required by configuration',
  ],

  ['DANE', { dane: records }, 'dane by dane'],
  ['DANE before MTA-STS', { dane: records, sts: enforced }, 'dane by dane'],
  ['DANE before MTA-STS that does not fit', { dane: records, sts: misfit }, 'dane by dane'],
  ['MTA-STS does not rescue a host whose TLSA records fail', { dane: failed, sts: enforced }, 'left out'],
  ['records of which none is usable: DANE all the same', { dane: unusable, sts: enforced }, 'dane by dane'],
  ['no records: MTA-STS', { dane: noRecords, sts: enforced }, 'verified by mta-sts'],
  ['no records and no policy', { dane: noRecords }, 'default'],
  ['failing look-up of records', { dane: failed }, 'left out'],
  ['DANE before required of the configuration', { dane: records, rule: ruleOf('required') }, 'dane by dane'],

  [
    'verified of the configuration before DANE',
    { dane: records, rule: ruleOf('verified') },
    'verified by configuration',
  ],
  [
    'a fingerprint of the configuration before DANE',
    { dane: records, rule: ruleOf('fingerprint') },
    'fingerprint by configuration',
  ],
  [
    'a fingerprint before MTA-STS that does not fit',
    { sts: misfit, rule: ruleOf('fingerprint') },
    'fingerprint by configuration',
  ],
  ['verified of a route before DANE', { dane: failed, routeLevel: 'verified' }, 'verified by configuration'],
  ['DANE demanded, and there', { dane: records, rule: ruleOf('dane') }, 'dane by dane'],
  ['DANE demanded, and no records', { dane: noRecords, rule: ruleOf('dane') }, 'left out'],
  ['DANE demanded, and not even asked for', { rule: ruleOf('dane'), sts: enforced }, 'left out'],

  ['waived: no MTA-STS', { demand: 'tls-required-no', sts: misfit }, 'default'],
  ['waived: no DANE', { demand: 'tls-required-no', dane: failed }, 'default'],
  [
    'waived, but the configuration demands TLS',
    { demand: 'tls-required-no', rule: ruleOf('required') },
    'required by configuration',
  ],
  [
    'waived, but the configuration demands a name',
    { demand: 'tls-required-no', routeLevel: 'verified' },
    'verified by configuration',
  ],
  [
    'waived, but the configuration demands DANE',
    { demand: 'tls-required-no', dane: failed, rule: ruleOf('dane') },
    'left out',
  ],

  ['REQUIRETLS without a secure way', { demand: 'requiretls' }, 'left out for good'],
  ['REQUIRETLS and signed MX records', { demand: 'requiretls', isSecure: true }, 'verified by requiretls'],
  ['REQUIRETLS and MTA-STS', { demand: 'requiretls', sts: enforced }, 'verified by requiretls'],
  [
    'REQUIRETLS and MTA-STS in testing',
    { demand: 'requiretls', sts: { mode: 'testing', fits: true } },
    'verified by requiretls',
  ],
  [
    'REQUIRETLS and a host that is not in the policy',
    { demand: 'requiretls', sts: misfit },
    'left out for good',
  ],
  ['REQUIRETLS and DANE', { demand: 'requiretls', isSecure: true, dane: records }, 'dane by requiretls'],
  [
    'REQUIRETLS and TLSA records that fail',
    { demand: 'requiretls', isSecure: true, dane: failed },
    'left out',
  ],
  [
    'REQUIRETLS and records of which none is usable',
    { demand: 'requiretls', isSecure: true, dane: unusable },
    'verified by requiretls',
  ],
  [
    'REQUIRETLS and a fingerprint of the configuration',
    { demand: 'requiretls', rule: ruleOf('fingerprint') },
    'fingerprint by requiretls',
  ],
  [
    'REQUIRETLS before none of the configuration',
    { demand: 'requiretls', isSecure: true, rule: ruleOf('none') },
    'verified by requiretls',
  ],
];

for (const [what, facts, expected] of cases) {
  test(what, () => assert.equal(decided(facts), expected));
}

function policy(facts: Partial<HostFacts>) {
  const decision = hostPolicy({ ...plain, ...facts });
  assert.ok(decision.kind === 'use' && decision.tls !== undefined);
  return decision.tls;
}

test('MTA-STS verifies the host by its own name, whatever names a rule has', () => {
  const tls = policy({ sts: enforced, rule: ruleOf('required', { names: ['other.example'] }) });
  assert.deepEqual(
    [tls.serverName, tls.names, tls.policyDomain],
    ['mx.example.net', ['mx.example.net'], 'example.com'],
  );
});

test('DANE puts the base domain into the client hello and keeps the records', () => {
  const tls = policy({ dane: records });
  assert.deepEqual(
    [tls.serverName, tls.names, tls.tlsa, tls.policyDomain],
    ['base.example.net', ['base.example.net', 'example.com'], tlsa, 'base.example.net'],
  );
});

test('a rule chooses the names, the server name and the settings', () => {
  const rule = ruleOf('verified', { names: ['a.example'], serverName: 'b.example', settings: 'S' });
  const tls = policy({ rule });
  assert.deepEqual([tls.names, tls.serverName, tls.settings], [['a.example'], 'b.example', 'S']);
});

test('settings or a server name make a policy of what is else the default', () => {
  assert.equal(policy({ rule: ruleOf('opportunistic', { settings: 'S' }) }).settings, 'S');
  assert.equal(
    policy({ rule: ruleOf('opportunistic', { serverName: 'b.example' }) }).serverName,
    'b.example',
  );
});

test('levels that take any certificate know the name of the host, so that the log says whose it was', () => {
  const names = ['mx.example.net'];
  assert.deepEqual(policy({ rule: ruleOf('opportunistic', { settings: 'S' }) }).names, names);
  assert.deepEqual(policy({ rule: ruleOf('required') }).names, names);
  assert.deepEqual(policy({ rule: ruleOf('fingerprint') }).names, []);
});

test('an address has no server name', () => {
  for (const host of ['[192.0.2.1]', '192.0.2.1', '[2001:db8::1]']) {
    assert.equal(policy({ host, defaultLevel: 'required' }).serverName, '');
  }
});

test('a message with REQUIRETLS wants a server that takes it, every other one does not', () => {
  assert.equal(policy({ demand: 'requiretls', isSecure: true }).needsRequireTls, true);
  assert.equal(policy({ demand: 'requiretls', isSecure: true, dane: records }).needsRequireTls, true);
  assert.equal(policy({ sts: enforced }).needsRequireTls, false);
});

test('only the secure addresses of a host with DANE are used', () => {
  const decision = hostPolicy({ ...plain, dane: { ...records, ips: ['192.0.2.1'] } });
  assert.deepEqual(decision.kind === 'use' && decision.ips, ['192.0.2.1']);
});
