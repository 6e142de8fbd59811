// Which [[route]] people are told: the one that the routing table chose.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../src/config/config.ts';
import { describeRoute } from '../../src/manager/route-description.ts';
import { routeRules } from '../../src/settings/route-rules.ts';
import { RouteTable } from '../../src/route/route-table.ts';

const routes = parseConfig(
  `
[[route]]
name = "partners: all #1"
domain = ["partner.example", "*.partner.example"]
relay = ["relay1.example.net:587", "[2001:db8::1]:25"]
mode = "balance"
[[route]]
domain = ["gone.example"]
error = "550 5.1.2 No such domain"
[[route]]
name = "straight"
domain = ["mx.partner.example", "*.org"]
mx = true
[[route]]
name = "lists"
sender = ["lists.example", "news@shop.example", "<>"]
mx = true
[[route]]
relay = ["smarthost.example.net"]
[[route]]
name = "mailboxes"
domain = ["box.example"]
lmtp = ["unix:/run/dovecot/lmtp", "127.0.0.1:24"]
[[route]]
name = "one socket"
domain = ["one.example"]
lmtp = ["unix:/run/dovecot/lmtp"]
[[route]]
domain = ["nothing.example"]
discard = true
`,
  'sluice.toml',
).route;

const table = new RouteTable(routeRules({ route: routes }));

const cases: readonly (readonly [recipient: string, sender: string, name: string, target: string])[] = [
  ['a@partner.example', '', 'partners: all #1', 'relay1.example.net:587, [2001:db8::1]:25 (balance)'],
  ['a@b.partner.example', '', 'partners: all #1', 'relay1.example.net:587, [2001:db8::1]:25 (balance)'],
  ['a@MX.partner.example', '', 'straight', 'the MX of mx.partner.example'],
  ['a@some.org', 'x@lists.example', 'straight', 'the MX of some.org'],
  ['a@gone.example', '', 'route 2', 'answers 550 5.1.2 No such domain'],
  ['a@far.example', 'x@lists.example', 'lists', 'the MX of far.example'],
  ['a@far.example', 'News@shop.example', 'lists', 'the MX of far.example'],
  ['a@far.example', '', 'lists', 'the MX of far.example'],
  ['a@box.example', '', 'mailboxes', 'LMTP to unix:/run/dovecot/lmtp, 127.0.0.1:24 (failover)'],
  ['a@one.example', '', 'one socket', 'LMTP to unix:/run/dovecot/lmtp'],
  ['a@nothing.example', '', 'route 8', 'discards the mail'],
  ['a@far.example', 'x@shop.example', 'route 5', 'smarthost.example.net:25'],
];

for (const [recipient, sender, name, target] of cases) {
  test(`<${sender}> to ${recipient} takes ${name}`, () => {
    const key = table.routeOf(sender, recipient);
    assert.deepEqual(describeRoute(routes, key, sender), { name, target });
  });
}

test('without any [[route]] it is the MX, and an address literal is itself', () => {
  const empty = new RouteTable([]);
  assert.deepEqual(describeRoute([], empty.routeOf('', 'a@far.example'), ''), {
    name: '',
    target: 'the MX of far.example',
  });
  assert.deepEqual(describeRoute([], empty.routeOf('', 'a@[192.0.2.1]'), ''), {
    name: '',
    target: 'the address [192.0.2.1]',
  });
});

test('of routes without a name that lead to the same hosts, the one that decided is told', () => {
  const alike = parseConfig(
    `
[[route]]
sender = ["shop.example"]
relay = ["relay.example.net"]
[[route]]
relay = ["relay.example.net"]
[[route]]
domain = ["*.example"]
relay = ["relay.example.net"]
[[route]]
domain = ["a.b.example"]
relay = ["relay.example.net"]
[[route]]
domain = ["b.example"]
relay = ["other.example.net"]
`,
    'sluice.toml',
  ).route;
  const alikeTable = new RouteTable(routeRules({ route: alike }));
  for (const [recipient, sender, name] of [
    ['u@a.b.example', 'x@shop.example', 'route 4'],
    ['u@c.example', 'x@shop.example', 'route 3'],
    ['u@b.example', 'x@shop.example', 'route 5'],
    ['u@far.test', 'x@shop.example', 'route 1'],
    ['u@far.test', 'x@y.test', 'route 2'],
  ] as const) {
    const told = describeRoute(alike, alikeTable.routeOf(sender, recipient), sender);
    assert.equal(told.name, name, `<${sender}> to ${recipient}`);
  }
});
