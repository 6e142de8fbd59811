// Which log-in mail gets at a smarthost, by its sender: part of the route's key, and of the plan.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createRouter, type RouteRule } from '../../src/route/create-router.ts';
import { withoutLogin } from '../../src/route/plan-key.ts';
import { RouteTable } from '../../src/route/route-table.ts';
import { RouteTableError } from '../../src/route/route-error.ts';

const login = (credential: string, ...senders: string[]) => ({
  login: { credential, id: `${credential}~digest` },
  senders,
});

function ruleWith(...logins: ReturnType<typeof login>[]): RouteRule {
  const target = { kind: 'smarthost', hosts: [{ host: '192.0.2.1', port: 587 }], mode: 'failover' } as const;
  return { name: 'provider', match: { kind: 'default' }, target, logins };
}

function credentialOf(table: RouteTable, sender: string): string {
  const { key } = table.routeOf(sender, 'b@far.example');
  return /\+([^~]*)~/.exec(key)?.[1] ?? '';
}

test('the sender decides: the whole address, its domain, and then what is for the rest', () => {
  const table = new RouteTable([
    ruleWith(login('rest'), login('shop', 'shop.example'), login('boss', 'boss@shop.example', '<>')),
  ]);
  const found = ['a@shop.example', 'Boss@Shop.example', '', 'x@other.example', 'a@sub.shop.example'].map(
    (sender) => credentialOf(table, sender),
  );
  assert.deepEqual(found, ['shop', 'boss', 'boss', 'rest', 'rest']);
  assert.equal(table.looksAtSenders, true);
});

test('without a log-in for the rest, mail of other senders goes without one, on a route of its own', () => {
  const table = new RouteTable([ruleWith(login('shop', 'shop.example'))]);
  const shop = table.routeOf('a@shop.example', 'b@far.example').key;
  const other = table.routeOf('a@other.example', 'b@far.example').key;
  assert.notEqual(shop, other);
  assert.equal(withoutLogin(shop.slice(0, shop.indexOf(':'))), other.slice(0, other.indexOf(':')));
  assert.equal(credentialOf(table, 'a@other.example'), '');
});

test('a route with one log-in for all asks for no sender', () => {
  const table = new RouteTable([ruleWith(login('provider'))]);
  assert.equal(table.looksAtSenders, false);
  assert.equal(credentialOf(table, 'a@x.example'), 'provider');
});

test('a route for the domain has its log-ins, and not those of the sender', () => {
  const inside: RouteRule = {
    ...ruleWith(login('inside', 'shop.example')),
    name: 'inside',
    match: { kind: 'domain', domain: 'far.example' },
  };
  const table = new RouteTable([
    inside,
    { ...ruleWith(login('sender')), name: 'sender', match: { kind: 'sender', sender: 'other.example' } },
  ]);
  assert.equal(credentialOf(table, 'a@shop.example'), 'inside');
  assert.equal(credentialOf(table, 'a@other.example'), '');
});

test('two log-ins of a rule for one sender are refused', () => {
  assert.throws(
    () => new RouteTable([ruleWith(login('a', 'x.example'), login('b', 'X.example'))]),
    (error: unknown) =>
      error instanceof RouteTableError && error.message.includes('"b" is for the sender "X.example"'),
  );
});

test('each log-in has a plan of its own, with the log-in at every hop and a certificate to be verified', async () => {
  const router = createRouter({
    rules: [ruleWith(login('rest'), login('shop', 'shop.example'))],
    resolver: {} as never, // an address needs no look-up
    isOwnAddress: () => false,
    ownNames: [],
    ipv4: true,
    ipv6: true,
    smtpPort: 25,
    random: () => 0,
  });
  const plans = [];
  for (const sender of ['a@shop.example', 'a@x.example']) {
    const plan = await router.resolve(router.routeOf(sender, 'b@far.example').key);
    assert.ok(plan.kind === 'relay');
    plans.push(plan);
  }
  const [shop, rest] = plans;
  assert.equal(shop?.site, rest?.site);
  assert.notEqual(shop?.security, rest?.security);
  const hops = plans.flatMap(({ addresses }) =>
    addresses.map((hop) => (hop.transport === 'discard' ? [] : [hop.login?.credential, hop.tls?.level])),
  );
  assert.deepEqual(hops, [
    ['shop', 'verified'],
    ['rest', 'verified'],
  ]);
});
