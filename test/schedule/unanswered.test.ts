// Connections without a greeting while other mail waits: they move to the `unanswered` limit, extra connections are tried for
// them, late-greeted ones move back to the global limit, and those that find no room in `unanswered` are given up.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RecentCount } from '../../src/schedule/store/recent-count.ts';
import { configOf, kinds, relay, Table, type Connect } from './table.ts';

/** `count` domains, each with a site of its own, and a message to each. */
function strangers(on: Table, name: string, count: number): void {
  for (let at = 0; at < count; at++) {
    const domain = `${name}${at}.example`;
    on.know({ [domain]: relay(`${name}${at}`, [`198.51.${name.charCodeAt(0)}.${at}`]) });
    on.submit([domain]);
  }
}

function tableOf(global: number, unanswered: number): Table {
  return new Table({ limits: { global, unanswered } });
}

function statusOf(on: Table, rule: string): readonly [used: number, allowed: number] {
  const status = on.scheduler.limits(Infinity, on.nowMs).counters.find((counter) => counter.rule === rule);
  return [status?.used ?? 0, status?.allowed ?? 0];
}

test('connections to hosts that never greet are given up while others wait for their room', () => {
  const on = new Table({ limits: { global: 40, unanswered: 0 } }).know({
    'live.example': relay('live', ['192.0.2.1']),
  });
  for (let at = 0; at < 60; at++) {
    on.know({ [`dead${at}.example`]: relay(`dead${at}`, [`198.51.100.${at}`]) });
    on.submit([`dead${at}.example`]);
  }
  on.submit(['live.example']);
  assert.equal(on.connects().length, 40);
  on.pass(2_500);
  assert.deepEqual(on.take(), []);
  on.pass(1_500);
  const closed = on.take();
  assert.deepEqual(new Set(closed.map(({ kind }) => kind)), new Set(['close']));
  // Ten connections may go on waiting for a greeting.
  assert.equal(closed.length, 30);
  for (const effect of closed) if (effect.kind === 'close') on.closed(effect.connection);
  const next = on.take();
  assert.equal(
    next.some(({ kind }) => kind === 'deferred'),
    false,
  );
  assert.ok(next.some((effect) => effect.kind === 'connect' && effect.site === 'live'));
});

test('a connection that hangs while others wait counts as unanswered, and extra connections are tried for it', () => {
  const on = tableOf(10, 1_000);
  strangers(on, 'dead', 200);
  assert.equal(on.connects().length, 10);
  on.pass(100);
  assert.equal(on.connects().length, 0);
  on.pass(50);
  // Ten took the places of the hanging connections, and four more are tried for each of these.
  assert.equal(on.connects().length, 50);
  assert.deepEqual(statusOf(on, 'global'), [10, 10]);
  assert.deepEqual(statusOf(on, 'unanswered'), [50, 1_000]);
  on.pass(150);
  assert.equal(on.connects().length, 140);
  assert.deepEqual(statusOf(on, 'unanswered')[0] + statusOf(on, 'global')[0], 200);
});

test('while the global limit has room, no connection counts as unanswered', () => {
  const on = tableOf(10, 1_000);
  strangers(on, 'dead', 10);
  on.pass(60_000);
  assert.deepEqual(statusOf(on, 'global'), [10, 10]);
  assert.deepEqual(statusOf(on, 'unanswered'), [0, 0]);
});

test('at most max_unanswered connections are above the global limit', () => {
  const on = tableOf(10, 25);
  strangers(on, 'dead', 200);
  on.pass(150);
  on.pass(150);
  assert.equal(on.scheduler.counts().connections, 35);
  assert.deepEqual(statusOf(on, 'unanswered'), [25, 25]);
});

test('a late-greeted connection counts against the global limit again, and no other takes its place', () => {
  const on = tableOf(4, 1_000);
  strangers(on, 'slow', 4);
  const slow = on.connects();
  strangers(on, 'next', 4);
  on.pass(150);
  const next = on.connects();
  assert.equal(next.length, 4);
  on.ready(slow[0]!.connection);
  assert.deepEqual(statusOf(on, 'global'), [5, 4]);
  assert.deepEqual(statusOf(on, 'unanswered')[0], 3);
  strangers(on, 'late', 1);
  // The connection above the limit uses up one place, but the three that hang allow extra connections.
  assert.equal(on.connects().length, 1);
  // One connection is above the limit: the first one that becomes idle is closed, the second is kept.
  on.done(next[0]!);
  assert.deepEqual(kinds(on.take()), ['delivered', 'close', 'done']);
  on.done(slow[0]!);
  assert.deepEqual(kinds(on.take()), ['delivered', 'done']);
});

test('when many connections are greeted late, no extra connections are tried: hosts are slow and not dead', () => {
  const on = tableOf(4, 1_000);
  strangers(on, 'slow', 8);
  const slow = on.connects();
  on.pass(150);
  const next = on.connects();
  assert.equal(next.length, 4);
  for (const { connection } of slow) on.ready(connection);
  strangers(on, 'more', 20);
  on.pass(150);
  // The next four hang, too, but four were greeted late.
  assert.deepEqual(on.connects(), []);
  // Two seconds later these late greetings do not count any more.
  on.pass(2_000);
  assert.ok(on.connects().length > 0);
});

test('hanging connections do not allow connections to living sites above the global limit', () => {
  const on = tableOf(4, 1_000).know({ 'live.example': relay('live', ['192.0.2.1']) });
  on.submit(['live.example']);
  const [first] = on.connects();
  on.ready(first!.connection);
  strangers(on, 'dead', 3);
  assert.equal(on.connects().length, 3);
  for (let count = 0; count < 20; count++) on.submit(['live.example']);
  assert.equal(on.connects().length, 0);
  on.pass(150);
  // Three places are free again. The extra connections for the three are not for a site that answers.
  assert.deepEqual(
    on.connects().map(({ site }: Connect) => site),
    ['live', 'live', 'live'],
  );
  assert.deepEqual(statusOf(on, 'global'), [4, 4]);
});

test('when max_unanswered is lowered, connections above it count against the global limit again', () => {
  const on = tableOf(10, 1_000);
  strangers(on, 'dead', 60);
  on.pass(150);
  on.take();
  assert.deepEqual([...statusOf(on, 'global'), ...statusOf(on, 'unanswered')], [10, 10, 50, 1_000]);
  on.scheduler.reconfigure(configOf({ limits: { global: 10, unanswered: 3 } }), on.nowMs);
  assert.deepEqual([...statusOf(on, 'global'), ...statusOf(on, 'unanswered')], [57, 10, 3, 3]);
  on.scheduler.reconfigure(configOf({ limits: { global: 20, unanswered: 0 } }), on.nowMs);
  assert.deepEqual([...statusOf(on, 'global'), ...statusOf(on, 'unanswered')], [60, 20, 0, 0]);
  strangers(on, 'more', 5);
  on.pass(30_000);
  assert.deepEqual(kinds(on.take()).includes('connect'), false, 'no connection while 60 are open');
});

test('with max_connections = 0 no connection is opened, even while others hang', () => {
  const on = tableOf(4, 1_000);
  strangers(on, 'dead', 20);
  assert.equal(on.connects().length, 4);
  on.pass(150);
  on.connects();
  on.scheduler.reconfigure(configOf({ limits: { global: 0, unanswered: 1_000 } }), on.nowMs);
  strangers(on, 'more', 20);
  on.pass(1_000);
  assert.equal(on.connects().length, 0);
});

test('a connection that failed lately counts like one that hangs', () => {
  const on = tableOf(4, 1_000);
  strangers(on, 'dead', 100);
  const [refused] = on.connects();
  on.refused(refused!.connection);
  // One takes its place, and four extra connections are tried for it.
  assert.equal(on.take().filter(({ kind }) => kind === 'connect').length, 5);
  assert.deepEqual(statusOf(on, 'global'), [4, 4]);
  assert.deepEqual(statusOf(on, 'unanswered'), [4, 1_000]);
});

test('failures count for this second and the one before', () => {
  const count = new RecentCount();
  for (const ms of [10_000, 10_999, 11_000]) count.note(ms);
  assert.equal(count.at(11_999), 3);
  assert.equal(count.at(12_000), 1);
  assert.equal(count.at(13_000), 0);
  count.note(13_000);
  assert.equal(count.at(20_000), 0);
});
