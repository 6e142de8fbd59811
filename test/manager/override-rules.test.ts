// Overrides as rules: what an operator suspends or limits is what the limits' look-up then says.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../src/config/config.ts';
import type { Override } from '../../src/control/override.ts';
import { withOverrides } from '../../src/manager/override-rules.ts';
import { schedulerConfig } from '../../src/settings/settings.ts';
import { createLimitIndex } from '../../src/schedule/limits/rule-index.ts';
import type { AppliedLimit, LimitIndex, PlaceFacts } from '../../src/schedule/limits/types.ts';
import type { SchedulerConfig } from '../../src/schedule/types.ts';

const file = parseConfig(
  `
[[limit]]
per = "domain"
domain = ["aol.com"]
connections = 3
message_rate = "60/min"
[[limit]]
name = "big network"
per = "group"
ip = ["192.0.2.0/24"]
connections = 40
`,
  'sluice.toml',
);

let nextId = 1;
function override(
  target: string,
  quantities: Override['quantities'],
  more: Partial<Override> = {},
): Override {
  const kind = quantities.connections === 0 ? 'suspend' : 'limit';
  return {
    id: String(nextId++),
    kind,
    target,
    label: '',
    quantities,
    reason: '',
    setAtMs: 0,
    by: '',
    ...more,
  };
}
const suspended = (target: string) => override(target, { connections: 0 });

function inForce(...overrides: Override[]): { config: SchedulerConfig; index: LimitIndex } {
  const config = withOverrides(schedulerConfig(file), overrides);
  return { config, index: createLimitIndex(config.limits.rules) };
}

const place: PlaceFacts = {
  site: 'mx:mx.aol.com',
  mx: 'mx.aol.com',
  ip: '192.0.2.7',
  source: '198.51.100.1',
};

/** The numbers of connections that hold for a message to a place, the smallest first. */
function connections(index: LimitIndex, domain = 'aol.com', tenant = '', at = place): number[] {
  const task = { domain, tenant };
  const all = [index.ofTask(task), index.ofPlace(at), index.ofPair(task, at)].flatMap(
    (each): readonly AppliedLimit[] => each.connections,
  );
  return all.map(({ rule }) => rule.connections ?? -1).sort((a, b) => a - b);
}

test('without overrides nothing changes', () => {
  const config = schedulerConfig(file);
  assert.equal(withOverrides(config, []), config);
});

test('each kind of target suspends what it names, and nothing else', () => {
  const cases: readonly (readonly [
    target: string,
    other: { domain?: string; tenant?: string; at?: Partial<PlaceFacts> },
  ])[] = [
    ['domain:aol.com', { domain: 'mail.aol.com' }],
    ['site:mx:mx.aol.com', { at: { site: 'mx:mx2.aol.com' } }],
    ['mx:*.aol.com', { at: { mx: 'aol.com' } }],
    ['ip:192.0.2.0/28', { at: { ip: '192.0.2.16' } }],
    ['source:198.51.100.1', { at: { source: '198.51.100.2' } }],
    ['tenant:shop', { tenant: '' }],
  ];
  for (const [target, { domain, tenant = 'shop', at }] of cases) {
    const { index } = inForce(suspended(target));
    assert.equal(connections(index, 'aol.com', 'shop')[0], 0, target);
    assert.notEqual(connections(index, domain, tenant, { ...place, ...at })[0], 0, target);
  }
});

test('a pattern suspends every domain below it, each by itself', () => {
  const { index, config } = inForce(suspended('domain:*.aol.com'));
  assert.equal(connections(index, 'mail.aol.com')[0], 0);
  assert.notEqual(connections(index, 'aol.com')[0], 0);
  assert.deepEqual(config.limits.rules.at(-1)?.per, ['domain']);
});

test('a limit replaces that of the file in its dimension, quantity by quantity', () => {
  const { index } = inForce(override('domain:aol.com', { connections: 30 }));
  const { connections: replaced, messageRate } = index.ofTask({ domain: 'aol.com', tenant: '' });
  assert.deepEqual(
    replaced.map(({ rule, key }) => [rule.connections, rule.origin, key]),
    [[30, 'sluice limit set', 'aol.com']],
  );
  assert.deepEqual(
    messageRate.map(({ rule }) => rule.origin),
    ['sluice.toml:2'],
  );
});

test('a suspension wins over a limit for the same target', () => {
  const { index } = inForce(suspended('domain:aol.com'), override('domain:aol.com', { connections: 30 }));
  assert.equal(connections(index)[0], 0);
});

test('a limit for a part of a suspended target does not end its suspension', () => {
  const { index } = inForce(
    suspended('domain:*.aol.com'),
    override('domain:mail.aol.com', { connections: 30, messageRate: { count: 1, perMs: 1_000 } }),
  );
  assert.deepEqual(connections(index, 'mail.aol.com')[0], 0);
  assert.equal(index.ofTask({ domain: 'mail.aol.com', tenant: '' }).messageRate.length, 1);
  const byAddress = inForce(suspended('ip:192.0.2.0/24'), override('ip:192.0.2.7', { connections: 5 }));
  assert.equal(connections(byAddress.index)[0], 0);
});

test('of two limits that are set, the narrower one counts', () => {
  const { index } = inForce(
    override('domain:*.aol.com', { connections: 1 }),
    override('domain:mail.aol.com', { connections: 30 }),
  );
  const { connections: applied } = index.ofTask({ domain: 'mail.aol.com', tenant: '' });
  assert.deepEqual(
    applied.map(({ rule }) => rule.connections),
    [30],
  );
});

test('suspending everything allows no connection in all; limiting everything sets their number', () => {
  const { limits } = schedulerConfig(file);
  assert.equal(inForce(suspended('all')).config.limits.global, 0);
  const seven = override('all', { connections: 7 });
  assert.equal(inForce(seven).config.limits.global, 7);
  assert.equal(inForce(seven, suspended('all')).config.limits.global, 0);
  assert.deepEqual(inForce(seven).config.limits.rules, limits.rules);
  assert.equal(inForce(seven).config.limits.unanswered, 0);
  const ofOne = inForce(override('domain:a.example', { connections: 7 }));
  assert.equal(ofOne.config.limits.unanswered, limits.unanswered);
  // More than the file says is meant so as well.
  assert.equal(inForce(override('all', { connections: 5_000 })).config.limits.global, 5_000);
});

test('a rate for everything is one budget', () => {
  const { index } = inForce(override('all', { messageRate: { count: 600, perMs: 60_000 }, connections: 7 }));
  const task = { domain: 'anything.example', tenant: 'shop' };
  const rates = [index.ofTask(task), index.ofPlace(place), index.ofPair(task, place)].flatMap(
    (each) => each.messageRate,
  );
  assert.deepEqual(
    rates.map(({ rule, key }) => [rule.messageRate?.count, rule.connections, key]),
    [[600, undefined, '']],
  );
});

test('a rule tells people what was set, why and until when, and keeps its id', () => {
  const site = override(
    'site:mx#0123',
    { connections: 0 },
    { id: '17', label: 'mx1.aol.com,mx2.aol.com', reason: 'they asked', untilMs: 5 },
  );
  assert.deepEqual(inForce(site).config.limits.rules.at(-1), {
    id: 'override 17',
    name: 'mx1.aol.com,mx2.aol.com',
    origin: 'sluice suspend',
    per: ['site'],
    match: { site: ['mx#0123'] },
    isOverride: true,
    connections: 0,
    reason: 'they asked',
    untilMs: 5,
  });
});
