// Route keys over a reload: mail that has not been moved yet still has the key of the earlier routing table.

import assert from 'node:assert/strict';
import test from 'node:test';
import { parseConfig } from '../../src/config/config.ts';
import { routeNameIn } from '../../src/route/plan-key.ts';
import type { Router } from '../../src/route/types.ts';
import { routeRules } from '../../src/settings/route-rules.ts';
import { brief, fakeRouter } from '../route/fake-resolver.ts';

function routerOf(toml: string): Router {
  const rules = routeRules(parseConfig(toml, 'sluice.toml'));
  const mx = { mx: [[10, 'mx.example']], a: ['192.0.2.9'] } as const;
  return fakeRouter({ 'd.example': mx, 'mx.example': { a: ['192.0.2.9'] } }, { rules }).router;
}

function relay(ip: string, match: string, name?: string): string {
  const named = name === undefined ? '' : `name = "${name}"\n`;
  return `[[route]]\n${named}${match}\nrelay = ["${ip}"]\n`;
}

const toD = 'domain = ["d.example"]';
const toE = 'domain = ["e.example"]';
const first = ['0 192.0.2.1 192.0.2.1:25'];
const other = ['0 192.0.2.2 192.0.2.2:25'];
const waits = '451 4.3.5 temporary';

const reloads: readonly {
  readonly what: string;
  readonly before: string;
  readonly after: string;
  /** What the key that d.example had before leads to. */
  readonly want: readonly string[] | string;
}[] = [
  {
    what: 'a route is inserted before one without a name',
    before: relay('192.0.2.1', toD),
    after: relay('192.0.2.2', toE) + relay('192.0.2.1', toD),
    want: first,
  },
  {
    what: 'a route without a name takes the place of one that is removed',
    before: relay('192.0.2.1', toD) + relay('192.0.2.2', toE),
    after: relay('192.0.2.2', toE),
    want: waits,
  },
  {
    what: 'a name is given to a route of other mail that leads elsewhere',
    before: relay('192.0.2.1', toD, 'out'),
    after: relay('192.0.2.2', toE, 'out'),
    want: waits,
  },
  {
    what: 'a route with a name leads elsewhere',
    before: relay('192.0.2.1', toD, 'out'),
    after: relay('192.0.2.2', toD, 'out'),
    want: other,
  },
  {
    what: 'a route without a name leads elsewhere',
    before: relay('192.0.2.1', toD),
    after: relay('192.0.2.2', toD),
    want: other,
  },
  {
    what: 'a route leads elsewhere, but senders decide now',
    before: relay('192.0.2.1', ''),
    after: relay('192.0.2.2', '') + relay('192.0.2.3', 'sender = ["shop.example"]'),
    want: waits,
  },
  {
    what: 'a route answers with another error',
    before: `[[route]]\n${toD}\nerror = "450 4.2.0 Later"`,
    after: `[[route]]\n${toE}\nerror = "550 5.1.2 Never"\n${relay('192.0.2.2', toD)}`,
    want: other,
  },
  {
    what: 'the first route answers with an error that is not for this mail',
    before: `[[route]]\n${toD}\nerror = "450 4.2.0 Later"`,
    after: `[[route]]\n${toE}\nerror = "550 5.1.2 Never"`,
    want: waits,
  },
];

for (const { what, before, after, want } of reloads) {
  test(`mail of before the reload goes to none of other mail's hosts when ${what}`, async () => {
    const { key } = routerOf(before).routeOf('', 'u@d.example');
    const router = routerOf(after);
    assert.deepEqual(brief(await router.resolve(key)), want);
    const plan = router.cached(key, 0);
    assert.deepEqual(plan && brief(plan), want, 'and the same once it is cached');
  });
}

test('a key says where it leads: other hosts, ports, modes and replies have other keys', () => {
  const targets = [
    'relay = ["192.0.2.1"]',
    'relay = ["192.0.2.1:26"]',
    'relay = ["192.0.2.1", "192.0.2.2"]',
    'relay = ["192.0.2.2", "192.0.2.1"]',
    'relay = ["192.0.2.1", "192.0.2.2"]\nmode = "balance"',
    'error = "450 4.2.0 Later"',
    'error = "451 4.2.0 Later"',
    'error = "450 4.2.1 Later"',
    'error = "450 4.2.0 Now"',
  ];
  for (const name of ['', 'name = "out"\n']) {
    const keys = targets.map(
      (target) => routerOf(`[[route]]\n${name}${target}`).routeOf('', 'u@d.example').key,
    );
    assert.equal(new Set(keys).size, targets.length);
  }
});

test('a route that only matches other mail, or has another priority, keeps its key', () => {
  const { key } = routerOf(relay('192.0.2.1', toD)).routeOf('', 'u@d.example');
  for (const match of ['', 'domain = ["*.example"]', `${toD}\npriority = 3`]) {
    assert.equal(routerOf(relay('192.0.2.1', match)).routeOf('', 'u@d.example').key, key);
  }
});

test('a route to a content filter takes no mail by itself, only what the stage sends there', () => {
  const to = (ip: string, name: string, match: string) => relay(ip, match, name);
  const filter = '[[stage]]\nname = "filter"\nkind = "content-filter"\nroute = "scan"\n';
  const rest = to('192.0.2.2', 'rest', 'domain = ["*.example"]');
  for (const match of [toD, 'sender = ["far.example"]', '']) {
    const routes = to('192.0.2.1', 'scan', match) + rest;
    const routeOf = (toml: string) => routerOf(toml).routeOf('a@far.example', 'u@d.example').key;
    assert.equal(routeOf(routes + filter), routeOf(rest), match);
    const router = routerOf(routes + filter);
    assert.match(router.routeNamed('scan', 'a@far.example', 'u@d.example').key, /^relay#scan~/);
    // Without a default, other mail goes to its MX.
    assert.equal(router.routeOf('a@far.example', 'u@d.test').key, 'mx:d.test');
  }
  // It was for this domain without the stage.
  assert.match(routerOf(to('192.0.2.1', 'scan', toD) + rest).routeOf('', 'u@d.example').key, /^relay#scan~/);
});

test('mail of a route to the MX is told from other mail where a schedule names the route', async () => {
  const mx = `[[route]]\nname = "direct"\n${toD}\nmx = true\n`;
  const plain = routerOf(mx).routeOf('', 'a@d.example').key;
  assert.equal(plain, 'mx:d.example', 'without a schedule nothing is told apart');
  const router = routerOf(`${mx}[[schedule]]\nroute = ["direct"]\nlifetime = "1d"\n`);
  const { key } = router.routeOf('', 'a@d.example');
  assert.equal(routeNameIn(key), 'direct');
  assert.equal(router.routeOf('', 'a@e.example').key, 'mx:e.example');
  const hosts = ['10 mx.example 192.0.2.9:25'];
  assert.deepEqual(brief(await router.resolve(key)), hosts);
  assert.deepEqual(brief(await router.resolve(plain)), hosts, 'mail of before the reload');
  assert.deepEqual(brief(await routerOf(mx).resolve(key)), hosts, 'mail of before the schedule went');
});
