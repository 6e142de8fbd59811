// Hosts behind those of a route: a fallback relay, and the hosts of another route. They come last, and never for mail that cannot be delivered anyway.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Alternative, RouteRule } from '../../src/route/create-router.ts';
import { routeNameIn } from '../../src/route/plan-key.ts';
import { brief, type FakeNames, fakeRouter } from './fake-resolver.ts';

const names: FakeNames = {
  'far.example': {
    mx: [
      [10, 'mx1.far.example'],
      [20, 'mx2.far.example'],
    ],
  },
  'near.example': { mx: [[10, 'mx1.far.example']] },
  'mx1.far.example': { a: ['192.0.2.1'] },
  'mx2.far.example': { a: ['192.0.2.2'] },
  'silent.example': { mx: 'failed' },
  'closed.example': { mx: [[0, '.']] },
  'broken.example': { a: 'failed', aaaa: 'failed' },
};

const to = (...hosts: string[]): Alternative => ({
  kind: 'smarthost',
  hosts: hosts.map((host) => ({ host, port: 25 })),
  mode: 'failover',
});
const fallback = to('192.0.2.8', '192.0.2.9');

async function plan(options: Parameters<typeof fakeRouter>[1], recipient: string) {
  const { router } = fakeRouter(names, options);
  const { key } = router.routeOf('', recipient);
  const found = await router.resolve(key);
  return { key, found, places: brief(found), router };
}

const behind = ['21 192.0.2.8 192.0.2.8:25', '22 192.0.2.9 192.0.2.9:25'];
const mxHosts = ['10 mx1.far.example 192.0.2.1:25', '20 mx2.far.example 192.0.2.2:25'];

test('the fallback relay stands behind all MX hosts of a domain, and the site is that of the domain', async () => {
  const { found, places } = await plan({ fallback }, 'x@far.example');
  assert.deepEqual(places, [...mxHosts, ...behind]);
  assert.ok(found.kind === 'relay');
  const without = await plan({}, 'x@far.example');
  assert.ok(without.found.kind === 'relay');
  assert.equal(found.site, without.found.site);
  assert.notEqual(found.security, without.found.security, 'they share no connections');
});

test('it gets the mail of a domain that cannot be looked up, and not that of one which takes none', async () => {
  assert.deepEqual((await plan({ fallback }, 'x@silent.example')).places, [
    '0 192.0.2.8 192.0.2.8:25',
    '1 192.0.2.9 192.0.2.9:25',
  ]);
  for (const domain of ['closed.example', 'none.example']) {
    const { found } = await plan({ fallback }, `x@${domain}`);
    assert.ok(found.kind === 'error' && found.permanent);
  }
});

test('a fallback relay that cannot be looked up changes nothing', async () => {
  const { places } = await plan({ fallback: to('broken.example') }, 'x@far.example');
  assert.deepEqual(places, mxHosts);
});

test('a rule to the MX with alternatives has a plan for each domain, and its name in the key', async () => {
  const rules: RouteRule[] = [
    { name: 'out: all', match: { kind: 'default' }, target: { kind: 'mx' }, otherwise: [fallback] },
  ];
  const far = await plan({ rules, fallback: to('192.0.2.7') }, 'x@far.example');
  assert.deepEqual(far.places, [...mxHosts, ...behind]);
  assert.equal(routeNameIn(far.key), 'out: all');
  const near = await far.router.resolve(far.router.routeOf('', 'x@near.example').key);
  assert.deepEqual(brief(near), [
    '10 mx1.far.example 192.0.2.1:25',
    '11 192.0.2.8 192.0.2.8:25',
    '12 192.0.2.9 192.0.2.9:25',
  ]);
  const named = far.router.routeNamed('out: all', '', 'x@far.example');
  assert.equal(named.key, far.key);
});

test('several alternatives stand one behind the other, each host once', async () => {
  const rules: RouteRule[] = [
    {
      name: 'out',
      match: { kind: 'default' },
      target: to('192.0.2.1'),
      otherwise: [to('192.0.2.2', '192.0.2.1'), to('192.0.2.3')],
    },
  ];
  const { places } = await plan({ rules, fallback }, 'x@far.example');
  assert.deepEqual(places, [
    '0 192.0.2.1 192.0.2.1:25',
    '1 192.0.2.2 192.0.2.2:25',
    '2 192.0.2.3 192.0.2.3:25',
  ]);
});

test('hosts that cannot be looked up make way for the alternatives', async () => {
  const rules: RouteRule[] = [
    { name: 'out', match: { kind: 'default' }, target: to('broken.example'), otherwise: [to('192.0.2.3')] },
  ];
  assert.deepEqual((await plan({ rules }, 'x@far.example')).places, ['0 192.0.2.3 192.0.2.3:25']);
});

test('a rule that changes the header says so to its hosts, and shares no connection with others', async () => {
  const header = { remove: ['x-internal'], replace: [], add: [{ name: 'X-Route', value: 'bulk' }] };
  const match = { kind: 'default' } as const;
  const without = await plan({ rules: [{ name: 'out', match, target: { kind: 'mx' } }] }, 'x@far.example');
  const first = await plan(
    { rules: [{ name: 'out', match, target: { kind: 'mx' }, header }], fallback },
    'x@far.example',
  );
  assert.deepEqual(first.places, [...mxHosts, ...behind]);
  assert.ok(first.found.kind === 'relay' && without.found.kind === 'relay');
  assert.ok(first.found.addresses.every((hop) => 'header' in hop && hop.header === header));
  const other = { ...header, remove: [] };
  const second = await plan(
    { rules: [{ name: 'out', match, target: { kind: 'mx' }, header: other }], fallback },
    'x@far.example',
  );
  assert.ok(second.found.kind === 'relay');
  assert.equal(new Set([without, first, second].map(({ key }) => key)).size, 3);
  const shared = [without.found, first.found, second.found].map(({ security }) => security);
  assert.equal(new Set(shared).size, 3);
});

test('a rule with addresses of our own says so to its hosts, and shares no connection with others', async () => {
  const match = { kind: 'default' } as const;
  const target = { kind: 'mx' } as const;
  const plans = [undefined, ['192.0.2.25'], ['192.0.2.25', '192.0.2.26']].map((sources) =>
    plan({ rules: [{ name: 'out', match, target, sources }], fallback }, 'x@far.example'),
  );
  const [without, one, two] = await Promise.all(plans);
  assert.ok(without?.found.kind === 'relay' && one?.found.kind === 'relay' && two?.found.kind === 'relay');
  assert.deepEqual(one.places, [...mxHosts, ...behind]);
  assert.ok(one.found.addresses.every(({ sources }) => sources?.join(',') === '192.0.2.25'));
  assert.ok(without.found.addresses.every(({ sources }) => sources === undefined));
  assert.equal(new Set([without, one, two].map(({ key }) => key)).size, 3);
  assert.equal(new Set([without.found, one.found, two.found].map(({ security }) => security)).size, 3);
});

test('mail of before a reload goes by the alternatives that its domain has now', async () => {
  const rule = (otherwise: readonly Alternative[]): RouteRule => ({
    name: 'out',
    match: { kind: 'default' },
    target: { kind: 'mx' },
    otherwise,
  });
  const before = await plan({ rules: [rule([to('192.0.2.3')])] }, 'x@near.example');
  const { router } = fakeRouter(names, { rules: [rule([to('192.0.2.4')])] });
  assert.deepEqual(brief(await router.resolve(before.key)), [
    '10 mx1.far.example 192.0.2.1:25',
    '11 192.0.2.4 192.0.2.4:25',
  ]);
});
