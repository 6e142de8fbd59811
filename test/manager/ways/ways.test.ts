// The way of a recipient by tables of routes: in their order, before the [[route]] tables, and never another way where one cannot answer.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AskedTable, Ways, type WaySubject } from '../../../src/manager/ways/ways.ts';
import { hasLoginOf } from '../../../src/route/plan-key.ts';
import { ruleOfTargetKey } from '../../../src/route/target-key.ts';
import type { HopLogin } from '../../../src/values/hop-login.ts';
import { absent, type Answer } from '../../../src/table/table.ts';
import { fakeRouter } from '../../route/fake-resolver.ts';

const relayTo = (host: string) =>
  ({ kind: 'smarthost', hosts: [{ host, port: 25 }], mode: 'failover' }) as const;
const { router } = fakeRouter(
  {},
  {
    rules: [
      { name: 'usual', match: { kind: 'default' }, target: relayTo('192.0.2.1') },
      { name: 'bulk', match: { kind: 'domain', domain: 'bulk.invalid' }, target: relayTo('192.0.2.2') },
    ],
  },
);

type Values = Readonly<Record<string, string | readonly string[] | 'failing'>>;

function tableOf(name: string, values: Values, settings: Partial<AskedTable> = {}): AskedTable {
  const answer = (key: string): Answer => {
    const value = values[key];
    if (value === undefined) return absent;
    if (value === 'failing') return { kind: 'failing', reason: 'its disk is gone' };
    return { kind: 'found', values: [value].flat() };
  };
  return {
    table: name,
    form: 'transport',
    by: 'recipient',
    delimiter: '',
    refreshMs: 0,
    source: { lookup: (keys) => keys.map(answer) },
    ...settings,
  };
}

function waysOf(...tables: AskedTable[]): Ways {
  return new Ways({ tables, routeNames: new Set(['usual', 'bulk']) });
}

const subject = (address: string, more: Partial<WaySubject> = {}): WaySubject => ({
  reversePath: 'a@from.test',
  address,
  tenant: '',
  user: '',
  ...more,
});

const usualRoute = { kind: 'found', route: router.routeOf('', 'x@far.test') } as const;

for (const [what, ways, about, key] of [
  [
    'the address comes before its domain',
    waysOf(tableOf('t', { 'joe@far.test': ':[one.test]', 'far.test': ':[two.test]' })),
    subject('Joe@FAR.test'),
    'to#smarthost,failover,one.test%3A25:far.test',
  ],
  [
    'the domain comes before one above it',
    waysOf(tableOf('t', { '.test': ':[two.test]', '.far.test': ':[one.test]', '*': ':[all.test]' })),
    subject('x@deep.far.test'),
    'to#smarthost,failover,one.test%3A25:deep.far.test',
  ],
  [
    'an address literal is found in any case',
    waysOf(tableOf('t', { '[ipv6:2001:db8::1]': ':[one.test]' })),
    subject('x@[ipv6:2001:db8::1]'),
    'to#smarthost,failover,one.test%3A25:[IPv6:2001:db8::1]',
  ],
  [
    'a quoted local part is the same mailbox',
    waysOf(tableOf('t', { 'boss@far.test': ':[one.test]' })),
    subject('"Boss"@far.test'),
    'to#smarthost,failover,one.test%3A25:far.test',
  ],
  [
    'an address finds the entry without its extension',
    waysOf(tableOf('t', { 'joe@far.test': ':[one.test]' }, { delimiter: '+' })),
    subject('joe+x@far.test'),
    'to#smarthost,failover,one.test%3A25:far.test',
  ],
  [
    'the earlier of two tables decides',
    waysOf(tableOf('t', { '*': ':[one.test]' }), tableOf('u', { 'far.test': ':[two.test]' })),
    subject('x@far.test'),
    'to#smarthost,failover,one.test%3A25:far.test',
  ],
  [
    'a table without an entry leaves it to the next',
    waysOf(tableOf('t', { 'other.test': 'discard:' }), tableOf('u', { 'far.test': 'discard:' })),
    subject('x@far.test'),
    'to#discard:far.test',
  ],
  [
    'a table by sender looks at the sender alone',
    waysOf(tableOf('t', { '@from.test': '[one.test]:587' }, { form: 'relayhost', by: 'sender' })),
    subject('x@far.test'),
    'to#smarthost,failover,one.test%3A587:far.test',
  ],
  [
    'a table by sender has an entry for bounces',
    waysOf(tableOf('t', { '<>': '[one.test]' }, { form: 'relayhost', by: 'sender' })),
    subject('x@far.test', { reversePath: '' }),
    'to#smarthost,failover,one.test%3A25:far.test',
  ],
  [
    'a table by tenant looks at the tenant alone',
    waysOf(tableOf('t', { shop: 'bulk' }, { form: 'routes', by: 'tenant' })),
    subject('x@far.test', { tenant: 'Shop' }),
    router.routeNamed('bulk', '', 'x@far.test').key,
  ],
  [
    'a table by user looks at who handed it in',
    waysOf(tableOf('t', { 'shop@users.test': 'bulk', '*': 'usual' }, { form: 'routes', by: 'user' })),
    subject('x@far.test', { user: 'Shop@Users.test' }),
    router.routeNamed('bulk', '', 'x@far.test').key,
  ],
  [
    'a table by user has entries for all of a domain',
    waysOf(tableOf('t', { 'users.test': '[one.test]' }, { form: 'relayhost', by: 'user' })),
    subject('x@far.test', { user: 'shop@users.test' }),
    'to#smarthost,failover,one.test%3A25:far.test',
  ],
  [
    'a table by user is not asked about mail of nobody',
    waysOf(
      tableOf('t', { '': 'bulk', '*': 'bulk' }, { form: 'routes', by: 'user' }),
      tableOf('u', { '*': 'smtp:' }),
    ),
    subject('x@far.test'),
    'mx:far.test',
  ],
  [
    'a table of expressions is asked for the whole address alone, in lower case',
    waysOf(
      tableOf(
        't',
        { 'far.test': 'discard:', '*': 'discard:', 'joe+list@far.test': ':[one.test]' },
        { isOfPatterns: true, delimiter: '+' },
      ),
    ),
    subject('Joe+List@FAR.test'),
    'to#smarthost,failover,one.test%3A25:far.test',
  ],
  [
    'a transport alone leads to the MX, past all routes',
    waysOf(tableOf('t', { 'far.test': 'smtp:' })),
    subject('x@far.test'),
    'mx:far.test',
  ],
  [
    'the last of several lines of qmail counts',
    waysOf(tableOf('t', { 'far.test': ['one.test', 'two.test'] }, { form: 'smtproutes' })),
    subject('x@far.test'),
    'to#smarthost,failover,two.test%3A25:far.test',
  ],
] as const) {
  test(what, () => {
    const way = ways.of(router, about);
    assert.ok(!(way instanceof Promise) && way.kind === 'found');
    assert.equal(way.route.key, key);
    assert.ok(way.table === 't' || way.table === 'u');
  });
}

test('what no table has, and what one leaves as it is, goes by the [[route]] tables', () => {
  assert.deepEqual(waysOf(tableOf('t', {})).of(router, subject('x@far.test')), usualRoute);
  const asItIs = waysOf(tableOf('t', { 'far.test': ':' }), tableOf('u', { 'far.test': 'discard:' }));
  assert.deepEqual(asItIs.of(router, subject('x@far.test')), usualRoute);
});

test('where a table cannot answer, nothing of a later table and no route counts', () => {
  const ways = waysOf(tableOf('t', { '.test': 'failing' }), tableOf('u', { 'far.test': 'discard:' }));
  assert.deepEqual(ways.of(router, subject('x@far.test')), {
    kind: 'unknown',
    reason: 'The table "t" cannot say where it goes: its disk is gone',
    table: 't',
  });
});

test('an entry that cannot be understood makes its mail wait, and says which it is', () => {
  const way = waysOf(tableOf('t', { 'far.test': 'virtual:' })).of(router, subject('x@far.test'));
  assert.ok(!(way instanceof Promise) && way.kind === 'unknown');
  assert.match(
    way.reason,
    /^The entry "virtual:" of the table "t" cannot be used: .*nor the name of a \[\[route\]\]$/u,
  );
});

test('a table that answers later is waited for, and those behind it are asked then', async () => {
  const slow = (values: Values) => {
    const { source, ...rest } = tableOf('t', values);
    return { ...rest, source: { lookup: async (keys: readonly string[]) => source.lookup(keys) } };
  };
  const ways = waysOf(slow({}), tableOf('u', { 'far.test': 'discard:' }));
  const way = ways.of(router, subject('x@far.test'));
  assert.ok(way instanceof Promise);
  assert.deepEqual(await way, {
    kind: 'found',
    route: { key: 'to#discard:far.test', domain: 'far.test' },
    table: 'u',
  });
});

test('what is not there at once is not asked for then, and what is there counts', () => {
  let isKept = false;
  const { source, ...rest } = tableOf('t', { 'far.test': 'discard:' });
  const slow = {
    ...rest,
    source: {
      lookup: () => assert.fail('it was asked'),
      lookupAtOnce: (keys: readonly string[]) =>
        isKept ? (source.lookup(keys) as readonly Answer[]) : undefined,
    },
  };
  const ways = waysOf(tableOf('s', {}), slow);
  assert.equal(ways.atOnce(router, subject('x@far.test')), undefined);
  isKept = true;
  assert.deepEqual(ways.atOnce(router, subject('x@far.test')), {
    kind: 'found',
    route: { key: 'to#discard:far.test', domain: 'far.test' },
    table: 't',
  });
  assert.deepEqual(ways.atOnce(router, subject('x@other.test')), {
    kind: 'found',
    route: router.routeOf('', 'x@other.test'),
  });
});

test('a program is asked for the whole address alone', () => {
  const asked: (readonly string[])[] = [];
  const program = (by: 'recipient' | 'sender' | 'tenant'): AskedTable => ({
    ...tableOf('t', {}, { by }),
    from: { kind: 'program', command: ['/bin/x'], timeoutMs: 1, cacheMs: 0, programs: 1 },
    source: {
      lookup: (keys) => {
        asked.push(keys);
        return keys.map(() => absent);
      },
    },
  });
  const ways = waysOf(program('recipient'), program('sender'), program('tenant'));
  void ways.of(router, subject('Joe+x@FAR.test', { reversePath: '', tenant: 'shop' }));
  assert.deepEqual(asked, [['joe+x@far.test'], ['<>'], ['shop']]);
});

test('a line of s/qmail with a user takes the log-in of its credential; without one its mail waits, and the password is not told', () => {
  const table = tableOf('t', { 'far.test': 'relay.test;587|me|secret' }, { form: 'smtproutes' });
  const wayFor = (found: HopLogin | 'none' | 'several') =>
    new Ways({ tables: [table], routeNames: new Set(), loginOf: () => found }).of(
      router,
      subject('x@far.test'),
    );
  const way = wayFor({ credential: 'provider', id: 'provider~digest' });
  assert.ok(!(way instanceof Promise) && way.kind === 'found');
  assert.equal(way.route.key, 'to#smarthost,failover,relay.test%3A587+provider~digest:far.test');
  assert.ok(hasLoginOf(way.route.key, 'provider'));
  const rule = ruleOfTargetKey(way.route.key.slice(0, way.route.key.indexOf(':')));
  assert.deepEqual(rule?.target, {
    kind: 'smarthost',
    hosts: [{ host: 'relay.test', port: 587 }],
    mode: 'failover',
    login: { credential: 'provider', id: 'provider~digest' },
  });
  for (const [found, why] of [
    ['none', /no \[\[credential\]\] has this user/u],
    ['several', /several \[\[credential\]\] have this user/u],
  ] as const) {
    const none = wayFor(found);
    assert.ok(!(none instanceof Promise) && none.kind === 'unknown');
    assert.match(none.reason, why);
    assert.doesNotMatch(none.reason, /secret/u);
  }
});
