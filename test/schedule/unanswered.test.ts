// Connections that nobody greets on, while others wait: they step aside, more are tried on their account, those that are
// greeted after all come back, and what cannot step aside is given up.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RecentCount } from '../../src/schedule/store/recent-count.ts';
import { configOf, kinds, relay, Table, type Connect } from './table.ts';

/** So many domains with a site of their own each, and a message to each. */
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

test('hosts that never greet do not keep the room that others wait for', () => {
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
  // Ten may go on waiting.
  assert.equal(closed.length, 30);
  for (const effect of closed) if (effect.kind === 'close') on.closed(effect.connection);
  const next = on.take();
  assert.equal(
    next.some(({ kind }) => kind === 'deferred'),
    false,
  );
  assert.ok(next.some((effect) => effect.kind === 'connect' && effect.site === 'live'));
});

test('what hangs while others wait steps aside, and more are tried on its account', () => {
  const on = tableOf(10, 1_000);
  strangers(on, 'dead', 200);
  assert.equal(on.connects().length, 10);
  on.pass(100);
  assert.equal(on.connects().length, 0);
  on.pass(50);
  // Ten took the places of those that hang, and four more for each of them are tried.
  assert.equal(on.connects().length, 50);
  assert.deepEqual(statusOf(on, 'global'), [10, 10]);
  assert.deepEqual(statusOf(on, 'unanswered'), [50, 1_000]);
  on.pass(150);
  assert.equal(on.connects().length, 140);
  assert.deepEqual(statusOf(on, 'unanswered')[0] + statusOf(on, 'global')[0], 200);
});

test('while there is room for all, nothing steps aside', () => {
  const on = tableOf(10, 1_000);
  strangers(on, 'dead', 10);
  on.pass(60_000);
  assert.deepEqual(statusOf(on, 'global'), [10, 10]);
  assert.deepEqual(statusOf(on, 'unanswered'), [0, 0]);
});

test('no more are beyond the limit of all than max_unanswered', () => {
  const on = tableOf(10, 25);
  strangers(on, 'dead', 200);
  on.pass(150);
  on.pass(150);
  assert.equal(on.scheduler.counts().connections, 35);
  assert.deepEqual(statusOf(on, 'unanswered'), [25, 25]);
});

test('one that is greeted after all counts as one of all again, and nobody takes its place', () => {
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
  // Of the three that hang, one place each is used up by the one that is too many; there are others.
  assert.equal(on.connects().length, 1);
  // One too many is there: the first that could wait for more mail goes, the second waits for it.
  on.done(next[0]!);
  assert.deepEqual(kinds(on.take()), ['delivered', 'close', 'done']);
  on.done(slow[0]!);
  assert.deepEqual(kinds(on.take()), ['delivered', 'done']);
});

test('where as many are greeted late, hosts are slow and not dead: no more are tried beyond the limit', () => {
  const on = tableOf(4, 1_000);
  strangers(on, 'slow', 8);
  const slow = on.connects();
  on.pass(150);
  const next = on.connects();
  assert.equal(next.length, 4);
  for (const { connection } of slow) on.ready(connection);
  strangers(on, 'more', 20);
  on.pass(150);
  // The next four hang as well, but four were greeted in the end.
  assert.deepEqual(on.connects(), []);
  // Two seconds later that is long ago.
  on.pass(2_000);
  assert.ok(on.connects().length > 0);
});

test('what hangs does not let mail of living sites beyond the limit of all', () => {
  const on = tableOf(4, 1_000).know({ 'live.example': relay('live', ['192.0.2.1']) });
  on.submit(['live.example']);
  const [first] = on.connects();
  on.ready(first!.connection);
  strangers(on, 'dead', 3);
  assert.equal(on.connects().length, 3);
  for (let count = 0; count < 20; count++) on.submit(['live.example']);
  assert.equal(on.connects().length, 0);
  on.pass(150);
  // Three places are free again; what the three allow beyond them is not for a site that answers.
  assert.deepEqual(
    on.connects().map(({ site }: Connect) => site),
    ['live', 'live', 'live'],
  );
  assert.deepEqual(statusOf(on, 'global'), [4, 4]);
});

test('with max_connections = 0 nothing is tried, whatever hangs', () => {
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

test('what failed lately counts like what hangs', () => {
  const on = tableOf(4, 1_000);
  strangers(on, 'dead', 100);
  const [refused] = on.connects();
  on.refused(refused!.connection);
  // One in its place, and four more on its account.
  assert.equal(on.take().filter(({ kind }) => kind === 'connect').length, 5);
  assert.deepEqual(statusOf(on, 'global'), [4, 4]);
  assert.deepEqual(statusOf(on, 'unanswered'), [4, 1_000]);
});

test('lately is this second and the one before', () => {
  const count = new RecentCount();
  for (const ms of [10_000, 10_999, 11_000]) count.note(ms);
  assert.equal(count.at(11_999), 3);
  assert.equal(count.at(12_000), 1);
  assert.equal(count.at(13_000), 0);
  count.note(13_000);
  assert.equal(count.at(20_000), 0);
});
