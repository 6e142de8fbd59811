// Destinations from a file: which domain gets which hosts, and errors with their places.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RelayPlan } from '../../src/route/types.ts';
import type { RouteRule } from '../../src/route/route-rule.ts';
import type { Internet } from '../../src/simulate/internet.ts';
import { makeInternet } from '../../src/simulate/make-internet.ts';
import { readDestinations } from '../../src/simulate/read-destinations.ts';
import { Dead } from '../../src/simulate/traits/dead.ts';
import { Greylist } from '../../src/simulate/traits/greylist.ts';

function internet(toml: string, rules: readonly RouteRule[] = []): Internet {
  return makeInternet({
    models: readDestinations(toml, 'destinations.toml'),
    ruleOf: (key) => rules.find(({ name }) => key === `relay#${name}`),
    seed: 1,
    startMs: 0,
  });
}

function plan(from: Internet, route: string, nowMs = 0): RelayPlan {
  const found = from.plan(route, nowMs);
  assert.equal(found.kind, 'relay');
  return found as RelayPlan;
}

function hostsOf(from: Internet, route: string): string[] {
  return plan(from, route)
    .addresses.map(({ preference, host, ip }) => `${preference} ${host} ${ip}`)
    .sort();
}

test('a domain that the file does not name has a healthy host of its own in a network of its own', () => {
  const world = internet('');
  const [first, second] = ['a.example', 'b.example'].map((domain) => plan(world, `mx:${domain}`));
  assert.equal(first!.site, 'mx:mx.a.example:25');
  assert.equal(first!.addresses.length, 1);
  assert.match(first!.addresses[0]!.ip, /^24\d\./u);
  assert.notEqual(
    first!.addresses[0]!.ip.split('.').slice(0, 3).join('.'),
    second!.addresses[0]!.ip.split('.').slice(0, 3).join('.'),
  );
  const host = world.host(first!.addresses[0]!.ip)!;
  assert.deepEqual(host.traits, []);
  assert.ok(host.latencyMs >= 20 && host.latencyMs <= 300);
  assert.equal(plan(world, 'mx:a.example').addresses[0]!.ip, first!.addresses[0]!.ip);
});

test('domains of a destination with MX hosts share site, addresses and traits', () => {
  const world = internet(`
    [[destination]]
    domain = ["a.example", "*.b.example"]
    mx = ["mx1.host.example", "20 mx2.host.example"]
    addresses = ["192.0.2.0/30", "2001:db8::25"]
    latency = "7ms"
    greylist = "5m"
  `);
  const hosts = [
    '10 mx1.host.example 192.0.2.0',
    '10 mx1.host.example 192.0.2.2',
    '10 mx1.host.example 2001:db8::25',
    '20 mx2.host.example 192.0.2.1',
    '20 mx2.host.example 192.0.2.3',
  ];
  assert.deepEqual(hostsOf(world, 'mx:a.example'), hosts);
  assert.deepEqual(hostsOf(world, 'mx:deep.b.example'), hosts);
  assert.equal(plan(world, 'mx:a.example').addresses.at(-1)!.preference, 20);
  assert.equal(plan(world, 'mx:a.example').site, plan(world, 'mx:x.b.example').site);
  const [one, other] = [world.host('192.0.2.0')!, world.host('2001:db8::25')!];
  assert.equal(one.latencyMs, 7);
  assert.ok(one.traits[0] instanceof Greylist);
  assert.equal(one.traits[0], other.traits[0]);
  assert.equal(plan(world, 'mx:b.example').site, 'mx:mx.b.example:25');
});

test('a star in an MX name gives each domain a name of its own on the same addresses', () => {
  const world = internet(`
    [[destination]]
    domain = ["a.example", "b.example"]
    mx = ["*.mail.host.example"]
    addresses = ["192.0.2.1"]
  `);
  assert.deepEqual(hostsOf(world, 'mx:a.example'), ['10 a-example.mail.host.example 192.0.2.1']);
  assert.deepEqual(hostsOf(world, 'mx:b.example'), ['10 b-example.mail.host.example 192.0.2.1']);
});

test('the most specific destination counts: domain, longest suffix, share, then all other domains', () => {
  const world = internet(`
    [[destination]]
    latency = "1ms"
    [[destination]]
    share = 0.5
    latency = "2ms"
    [[destination]]
    domain = ["*.example.com"]
    latency = "3ms"
    [[destination]]
    domain = ["*.deep.example.com"]
    latency = "4ms"
    [[destination]]
    domain = ["a.deep.example.com"]
    latency = "5ms"
  `);
  const latency = (domain: string): number =>
    world.host(plan(world, `mx:${domain}`).addresses[0]!.ip)!.latencyMs;
  assert.deepEqual(['a.deep.example.com', 'b.deep.example.com', 'x.example.com'].map(latency), [5, 4, 3]);
  const others = Array.from({ length: 400 }, (_, index) => latency(`domain${index}.test`));
  assert.deepEqual(new Set(others), new Set([1, 2]));
  const share = others.filter((ms) => ms === 2).length / others.length;
  assert.ok(Math.abs(share - 0.5) < 0.1, `${share}`);
});

test('domains of a big provider share its hosts, and the settings of one of them hold for all', () => {
  const healthy = internet('');
  const site = plan(healthy, 'mx:gmail.com').site;
  assert.match(site, /gmail-smtp-in\.l\.google\.com/u);
  assert.equal(plan(healthy, 'mx:googlemail.com').site, site);
  const dead = internet('[[destination]]\ndomain = ["gmail.com"]\ndead = { how = "refused" }\n');
  const { ip } = plan(dead, 'mx:googlemail.com').addresses[0]!;
  assert.ok(dead.host(ip)!.traits[0] instanceof Dead);
  // MX hosts in the file move a domain away from the provider.
  const moved = internet('[[destination]]\ndomain = ["gmail.com"]\nmx = ["mx.example.org"]\n');
  assert.equal(plan(moved, 'mx:gmail.com').site, 'mx:mx.example.org:25');
  assert.equal(plan(moved, 'mx:googlemail.com').site, site);
});

test('the DNS of a destination can fail, change, or have a null MX', () => {
  const world = internet(`
    [[destination]]
    domain = ["fails.example"]
    dns = { fails = 1.0 }
    [[destination]]
    domain = ["null.example"]
    dns = { null_mx = true }
    [[destination]]
    domain = ["moves.example"]
    dns = { changes = "10m", ttl = "1m" }
  `);
  const failing = world.plan('mx:fails.example', 0);
  assert.equal(failing.kind === 'error' && failing.replyCode, 451);
  const none = world.plan('mx:null.example', 0);
  assert.equal(none.kind === 'error' && none.replyCode, 556);
  const sites = [0, 599_999, 600_000, 1_200_000].map((nowMs) => plan(world, 'mx:moves.example', nowMs).site);
  assert.equal(sites[0], sites[1]);
  assert.notEqual(sites[1], sites[2]);
  assert.equal(sites[0], sites[3]);
  assert.equal(world.plan('mx:moves.example', 5).validUntilMs, 60_005);
});

test('LMTP servers and discard of the routing table have hosts of their own', () => {
  const lmtp = {
    kind: 'lmtp',
    servers: [
      { kind: 'unix', path: '/run/lmtp' },
      { kind: 'host', host: '192.0.2.9', port: 24 },
    ],
    mode: 'failover',
  } as const;
  const world = internet('', [
    { name: 'boxes', match: { kind: 'domain', domain: 'box.example' }, target: lmtp },
    { name: 'nothing', match: { kind: 'default' }, target: { kind: 'discard' } },
  ]);
  const { site, addresses } = plan(world, 'relay#boxes:box.example');
  assert.equal(site, 'lmtp:unix:/run/lmtp,192.0.2.9:24');
  assert.deepEqual(
    addresses.map(({ transport, key }) => [transport, key]),
    [
      ['lmtp', 'unix:/run/lmtp'],
      ['lmtp', '192.0.2.9:24'],
    ],
  );
  for (const name of ['unix:/run/lmtp', '192.0.2.9', 'discard'])
    assert.ok(world.host(name) !== undefined, name);
  assert.equal(plan(world, 'relay#nothing:x.example').addresses[0]!.transport, 'discard');
});

test('smarthosts of the routing table are MX hosts of a destination, addresses, or hosts of their own', () => {
  const target = {
    kind: 'smarthost',
    hosts: [
      { host: 'mx1.host.example', port: 587 },
      { host: '[198.51.100.7]', port: 25 },
      { host: 'relay.example', port: 25 },
    ],
    mode: 'failover',
  } as const;
  const world = internet(
    '[[destination]]\ndomain = ["a.example"]\nmx = ["mx1.host.example"]\naddresses = ["192.0.2.9"]\n',
    [{ name: 'smart', match: { kind: 'default' }, target }],
  );
  const { site, addresses } = plan(world, 'relay#smart:b.example');
  assert.equal(site, 'relay:mx1.host.example:587,198.51.100.7:25,relay.example:25');
  assert.deepEqual(
    addresses.map(({ ip, key, preference }) => [
      preference,
      Number(key.split(':').at(-1)),
      ip.replace(/^24\d\..*/u, 'made up'),
    ]),
    [
      [0, 587, '192.0.2.9'],
      [1, 25, '198.51.100.7'],
      [2, 25, 'made up'],
    ],
  );
  for (const { ip } of addresses) assert.ok(world.host(ip) !== undefined);
});

const mistakes: readonly (readonly [string, RegExp])[] = [
  ['[[destination]\n', /destinations\.toml:2:1: this is not TOML/u],
  ['x = 1\n', /destinations\.toml:1:1: x: there is no such key; the keys here are destination/u],
  ['[[destination]]\nlatenzy = "1s"\n', /:2:1: destination\[1\]\.latenzy: .*did you mean latency\?/u],
  [
    '[[destination]]\n[[destination]]\nlatency = 3\n',
    /:3:11: destination\[2\]\.latency: must be a duration/u,
  ],
  [
    '[[destination]]\nban = { connection = 1 }\n',
    /destination\[1\]\.ban\.connection: .*did you mean connections\?/u,
  ],
  ['[[destination]]\nban = { connections = 1, reply = "no" }\n', /"no" is no reply such as/u],
  ['[[destination]]\ndomain = ["a.example"]\nshare = 0.5\n', /:3:9: .*domain and share exclude each other/u],
  ['[[destination]]\naddresses = ["192.0.2.1"]\n', /needs mx beside it/u],
  ['[[destination]]\nshare = 2\n', /must be a number from 0 to 1, not 2/u],
  ['[[destination]]\n[[destination]]\n', /destination\[2\] has neither domain nor share, as one before it/u],
  [
    '[[destination]]\nshare = 0.6\n[[destination]]\nshare = 0.6\n',
    /with destination\[2\] the shares are more than 1/u,
  ],
  [
    '[[destination]]\ndomain = ["a.example"]\n[[destination]]\ndomain = ["a.example"]\n',
    /destination\[2\] is for a\.example, as is one before it/u,
  ],
];
for (const [toml, reason] of mistakes) {
  test(`the mistake in ${JSON.stringify(toml)} is reported`, () => {
    assert.throws(
      () => internet(toml),
      (error: Error & { code?: string }) => {
        assert.equal(error.code, 'SIMULATION_INPUT');
        assert.match(error.message, reason);
        return true;
      },
    );
  });
}
