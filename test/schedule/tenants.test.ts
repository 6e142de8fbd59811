// Tenants and priorities: in which order mail is granted.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LimitRule } from '../../src/schedule/limits/types.ts';
import type { MessageHandle } from '../../src/schedule/types.ts';
import { relay, Table, type Connect, type Transact } from './table.ts';

/** Runs everything through one connection at a time and returns the queue ids in the order of their grants. */
function order(table: Table): string[] {
  const granted: string[] = [];
  for (;;) {
    for (let effects = table.take(); effects.length > 0; effects = table.take()) {
      for (const effect of effects) {
        if (effect.kind === 'connect' || effect.kind === 'transact') {
          granted.push(nameOf(table, effect));
          table.done(effect);
        } else if (effect.kind === 'close') {
          table.closed(effect.connection);
        }
      }
    }
    // Only a rate makes mail wait here, for a short time.
    const wake = table.scheduler.nextWakeMs();
    if (wake > table.nowMs + 1_000) return granted;
    table.pass(wake - table.nowMs);
  }
}

function nameOf(table: Table, effect: Connect | Transact): string {
  return table.scheduler.queueIdOf(effect.transaction.message);
}

function letters(ids: readonly string[]): string {
  return ids.map((id) => id[0]).join('');
}

test('within a route a higher priority goes first, then the older message', () => {
  const table = new Table({ limits: { global: 1 } }).know({ 'example.com': relay('a', ['192.0.2.1']) });
  for (const [queueId, priority] of [
    ['first', 0],
    ['low', -3],
    ['high1', 4],
    ['middle', 0],
    ['high2', 4],
    ['top', 9],
    ['lowest', -9],
  ] as const) {
    table.submit(['example.com'], { queueId, priority });
  }
  assert.deepEqual(order(table), ['top', 'high1', 'high2', 'first', 'middle', 'low', 'lowest']);
});

test('a deferred message of a lower priority is tried again after the others', () => {
  const table = new Table({ limits: { global: 1 } }).know({ 'example.com': relay('a', ['192.0.2.1']) });
  table.submit(['example.com'], { queueId: 'low', priority: -1 });
  const first = table.connect();
  table.submit(['example.com'], { queueId: 'high', priority: 1 });
  table.done(first, 'tempfail');
  const second = table.take().find(({ kind }) => kind === 'transact') as Transact;
  assert.equal(nameOf(table, second), 'high');
  table.pass(5 * 60_000);
  table.submit(['example.com'], { queueId: 'other', priority: 1 });
  table.done(second);
  assert.deepEqual(order(table), ['other', 'low']);
});

test('tenants take turns on the connections of a site', () => {
  const table = new Table({ limits: { global: 1 } }).know({ 'example.com': relay('a', ['192.0.2.1']) });
  for (let at = 0; at < 6; at++) table.submit(['example.com'], { queueId: `a${at}`, tenant: 'a' });
  for (let at = 0; at < 3; at++) table.submit(['example.com'], { queueId: `b${at}`, tenant: 'b' });
  assert.equal(letters(order(table)), 'aabababaa');
});

test('a tenant of weight 3 has three turns in a row', () => {
  const table = new Table({ limits: { global: 1 }, weights: new Map([['b', 3]]) }).know({
    'example.com': relay('a', ['192.0.2.1']),
  });
  for (let at = 0; at < 6; at++) table.submit(['example.com'], { queueId: `a${at}`, tenant: 'a' });
  for (let at = 0; at < 6; at++) table.submit(['example.com'], { queueId: `b${at}`, tenant: 'b' });
  assert.match(letters(order(table)), /^a+bbbabbbaa*$/);
});

test('a tenant with mail for hundreds of sites does not delay ten messages of another', () => {
  const table = new Table({ limits: { global: 1 } });
  const domains = Array.from({ length: 300 }, (_, at) => `big${at}.example`);
  for (const [at, domain] of [...domains, 'small.example'].entries()) {
    table.know({ [domain]: relay(domain, [`192.0.${2 + (at >> 8)}.${at & 255}`]) });
  }
  for (const [at, domain] of domains.entries()) {
    table.submit([domain], { queueId: `B${at}`, tenant: 'big' });
  }
  for (let at = 0; at < 10; at++) {
    table.submit(['small.example'], { queueId: `s${at}`, tenant: 'small' });
  }
  const granted = letters(order(table));
  assert.equal(granted.length, 310);
  assert.ok(granted.lastIndexOf('s') < 25, granted);
});

const rate: LimitRule = {
  id: 'rate',
  name: '',
  origin: 'test',
  per: ['domain'],
  match: {},
  isOverride: false,
  messageRate: { count: 5, perMs: 1000 },
};

for (const [what, limits] of Object.entries({
  'all connections': { global: 1 },
  'a domain': { perDomain: 1 },
  'a site': { perSite: 1 },
  'an address': { perIp: 1 },
  'a rate': { rules: [rate] },
})) {
  test(`tenants take turns at a limit on ${what}, by their weights`, () => {
    for (const [weight, expected] of [
      [1, /^a+(?:ba){10}b*$/],
      [3, /^a+(?:bbba){3}bbba*$/],
    ] as const) {
      const table = new Table({ limits, weights: new Map([['b', weight]]) }).know({
        'example.com': relay('a', ['192.0.2.1']),
      });
      for (const tenant of ['a', 'b']) {
        for (let at = 0; at < 12; at++) table.submit(['example.com'], { queueId: `${tenant}${at}`, tenant });
      }
      assert.match(letters(order(table)), expected);
    }
  });
}

test('domains that share a full group take turns, on one site and on several', () => {
  const names = ['x.example', 'y.example', 'z.example'];
  const group: LimitRule = {
    id: 'group',
    name: 'group',
    origin: 'test',
    per: [],
    match: { domain: names.map((domain) => ({ kind: 'exact', domain })) },
    isOverride: false,
    connections: 1,
  };
  const table = new Table({ limits: { rules: [group] } }).know({
    'x.example': relay('one', ['192.0.2.1']),
    'y.example': relay('one', ['192.0.2.1']),
    'z.example': relay('two', ['192.0.2.2']),
  });
  for (const name of names) {
    for (let at = 0; at < 10; at++) table.submit([name], { queueId: `${name[0]}${at}` });
  }
  assert.match(letters(order(table)), /^x+(?:yzx){8}/);
});

test('recipients know their tenant, and routes of two tenants share a plan', () => {
  const table = new Table({ limits: { global: 0 } }).know({ 'example.com': relay('a', ['192.0.2.1']) });
  table.submit(['example.com'], { tenant: 'a' });
  table.submit(['example.com']);
  table.take();
  const rows = [...table.scheduler.recipients()];
  assert.deepEqual(
    rows.map(({ tenant, route, domain }) => [tenant, route, domain]),
    [
      ['a', 'mx:example.com', 'example.com'],
      ['', 'mx:example.com', 'example.com'],
    ],
  );
  for (const { message } of rows) table.scheduler.remove(message as MessageHandle);
});
