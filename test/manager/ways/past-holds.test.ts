// Mail that was released from a hold goes the way that it would have if no route held any: by the plugins, the tables of routes in their order, and the
// [[route]] tables, whoever had chosen the hold.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settled, VirtualTimers } from '../../../sim/virtual-timers.ts';
import type { JobReport } from '../../../src/control/operations/queue-change.ts';
import type { RouteTables } from '../../../src/manager/ports.ts';
import { absent, type Answer } from '../../../src/table/table.ts';
import { type Ground, ground, type SenderAtHand } from '../assembled.ts';
import { ModelPlugin, routed, routedBy } from '../plugins/model-plugin.ts';

const holds = `${routed}
[[route]]
name = "inspected"
header = ["X-Inspect: yes"]
hold = "somebody looks at it"
[[route]]
name = "moving"
domain = ["moving.test"]
hold = "the server moves"
`;

const withTables = `${holds}
[[table]]
name = "first"
path = "first"
kind = "postmap"
[[table]]
name = "second"
path = "second"
kind = "postmap"
[[route_table]]
table = "first"
[[route_table]]
table = "second"
`;

/** Tables of the form "transport", by their names. They answer late when `isSlow` says so. */
function tablesOf(values: Readonly<Record<string, Readonly<Record<string, string>>>>, isSlow = false) {
  const tables: RouteTables = {
    open: ({ routeTable }) =>
      routeTable.map((each) => ({
        ...each,
        source: {
          lookup: (keys: readonly string[]) => {
            const answers = keys.map((key): Answer => {
              const value = values[each.table]?.[key];
              return value === undefined ? absent : { kind: 'found', values: [value] };
            });
            return isSlow ? settled().then(() => answers) : answers;
          },
        },
      })),
    onChange: () => undefined,
  };
  return tables;
}

async function begin(
  t: Parameters<typeof ground>[0],
  config: string,
  more: object,
  ...plugins: ModelPlugin[]
) {
  const timers = new VirtualTimers();
  const there = await ground(t, { ...routedBy(timers, ...plugins), config, ...more });
  return { there, timers, sender: await there.sender(1) };
}

function places(sender: SenderAtHand): readonly string[] {
  return sender.all('connect').map(({ hop, work }) => `${hop.host} ${work.recipients.join(',')}`);
}

async function released(at: Ground, filter: object): Promise<number> {
  const operator = at.operator();
  await operator.ask('queue.change', { action: 'release', filter });
  for (let turns = 0; operator.told.length === 0 && turns < 100; turns++) await at.timers.pass(10);
  const [answer] = operator.told;
  assert.ok(answer !== undefined && 'result' in answer, JSON.stringify(answer));
  await at.timers.pass(10);
  return (answer.result as JobReport).recipients;
}

const inspected = (address: string) => ({ address, route: 'inspected' });

for (const [when, isSlow] of [
  ['at once', false],
  ['late', true],
] as const) {
  test(`what a stage's choice held goes by a table that answers ${when}`, async (t) => {
    const routeTables = tablesOf({ second: { 'a.test': 'bulk:' } }, isSlow);
    const { there, sender } = await begin(t, withTables, { routeTables });
    const queueId = await there.submit(inspected('x@a.test'), inspected('x@usual.test'));
    await there.timers.pass(10);
    assert.deepEqual(places(sender), []);
    assert.equal(await released(there, { ids: [queueId] }), 2);
    assert.deepEqual(places(sender).toSorted(), ['192.0.2.1 1', '192.0.2.2 0']);
  });

  test(`what a table that answers ${when} held goes by the next table, or by the rules behind`, async (t) => {
    const routeTables = tablesOf(
      { first: { 'a.test': 'moving:', 'usual.test': 'moving:' }, second: { 'a.test': 'bulk:' } },
      isSlow,
    );
    const { there, sender } = await begin(t, withTables, { routeTables });
    await there.submit('x@a.test', 'x@usual.test');
    await there.timers.pass(10);
    assert.deepEqual(places(sender), []);
    assert.equal(await released(there, { route: 'moving' }), 2);
    assert.deepEqual(places(sender).toSorted(), ['192.0.2.1 1', '192.0.2.2 0']);
  });
}

test('what a stage has sent another way keeps it when other recipients are released', async (t) => {
  const routeTables = tablesOf({ first: { '*': 'usual:' } });
  const { there, sender } = await begin(t, withTables, { routeTables });
  const queueId = await there.submit(inspected('x@a.test'), { address: 'y@a.test', route: 'bulk' });
  assert.deepEqual(places(sender), ['192.0.2.2 1']);
  assert.equal(await released(there, { ids: [queueId] }), 1);
  assert.deepEqual(places(sender).toSorted(), ['192.0.2.1 0', '192.0.2.2 1']);
});

test('plugins are asked about what a stage, a rule or a plugin held', async (t) => {
  const plugin = new ModelPlugin();
  const next = new ModelPlugin();
  const { there, sender } = await begin(t, holds, {}, plugin, next);
  const queueId = await there.submit(inspected('x@a.test'), 'x@moving.test', 'x@usual.test');
  const [rule, held] = [...plugin.asked];
  await rule?.answer({ kind: 'continue' });
  await next.asked[0]?.answer({ kind: 'continue' });
  await held?.answer({ kind: 'route', name: 'moving' });
  assert.equal(plugin.facts.length, 2, 'what the stage chose is not asked about');
  assert.deepEqual(places(sender), []);
  await there.timers.pass(2_000);
  assert.equal(await released(there, { ids: [queueId] }), 3);
  assert.deepEqual(places(sender), []);
  const again = [...plugin.asked].slice(-3);
  assert.deepEqual(
    again.map(({ facts }) => (facts as { recipient: string }).recipient),
    ['x@a.test', 'x@moving.test', 'x@usual.test'],
  );
  await again[0]?.answer({ kind: 'route', name: 'bulk' });
  // Again the hold: for what was released, that is no answer, and the next plugin says the way.
  await again[1]?.answer({ kind: 'route', name: 'moving' });
  await again[2]?.answer({ kind: 'route', name: 'moving' });
  const [one, two] = [...next.asked].slice(-2);
  await one?.answer({ kind: 'relay', hosts: ['192.0.2.9'] });
  await two?.answer({ kind: 'continue' });
  assert.deepEqual(places(sender).toSorted(), ['192.0.2.1 2', '192.0.2.2 0', '192.0.2.9 1']);
});

test('a release by the route leaves what an operator holds, and one by the id or the state lets it go', async (t) => {
  const { there } = await begin(t, holds, {});
  const ids = [
    await there.submit('a@moving.test'),
    await there.submit('b@moving.test'),
    await there.submit('c@moving.test'),
  ];
  const operator = there.operator();
  await operator.ask('queue.change', { action: 'hold', filter: { ids: ids.slice(1) } });
  await there.timers.pass(100);
  assert.equal(await released(there, { route: 'moving' }), 1);
  assert.equal(await released(there, { route: 'moving' }), 0);
  const told = there.log.events.filter(({ event }) => event === 'released');
  assert.deepEqual(
    told.map(({ id }) => id),
    ids.slice(0, 1),
  );
  assert.equal(await released(there, { route: 'moving', state: 'held', ids: ids.slice(1, 2) }), 1);
  assert.equal(await released(there, { route: 'moving', state: 'held' }), 1);
});

for (const [how, filter] of [
  ['its id', { ids: ['Q0'] }],
  ['the name that the route had', { route: 'inspected' }],
] as const) {
  test(`mail whose route is gone is released by ${how}, and goes at once`, async (t) => {
    const { there, sender } = await begin(t, routed, {});
    assert.equal(await there.submit(inspected('x@usual.test')), 'Q0');
    await there.timers.pass(2_000);
    assert.deepEqual(places(sender), []);
    assert.equal(await released(there, filter), 1);
    assert.deepEqual(places(sender), ['192.0.2.1 0']);
  });
}
