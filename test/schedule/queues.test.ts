// Queues with something of their own: connections, turns, addresses, and a name in EHLO.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LimitRule } from '../../src/schedule/limits/types.ts';
import { configOf, relay, Table, type Connect, type ConfigChange } from './table.ts';

const ofNews: LimitRule = {
  id: 'queue news',
  name: 'queue news',
  origin: 'test',
  per: [],
  match: { queue: ['news'] },
  isOverride: false,
  connections: 2,
};
const queues = [{ name: 'default' }, { name: 'news' }, { name: 'big' }];
const own = ['198.51.100.1', '198.51.100.2'];

function withRule(rule: LimitRule, change: ConfigChange = {}) {
  const config = configOf({ queues, ...change });
  return { ...config, limits: { ...config.limits, rules: [...config.limits.rules, rule] } };
}

function storeOf(table: Table, { transaction }: Connect): string {
  return table.scheduler.queueIdOf(transaction.message).slice(0, 1);
}

/** The new connections among the effects since the last call. */
function connectsOf(table: Table): Connect[] {
  return table.take().filter((effect) => effect.kind === 'connect');
}

test('connections of a queue are limited over all destinations, and those of others are not', () => {
  const table = new Table({ queues });
  table.scheduler.reconfigure(withRule(ofNews), table.nowMs);
  for (let at = 0; at < 5; at++) {
    table.know({ [`d${at}.example`]: relay(`s${at}`, [`192.0.2.${at + 1}`]) });
    table.submit([`d${at}.example`], { store: 1, queueId: `N${at}` });
    table.submit([`d${at}.example`], { store: 2, queueId: `B${at}` });
  }
  const opened = table.connects();
  assert.deepEqual(opened.map((each) => storeOf(table, each)).sort(), [...'BBBBB', ...'NN']);
  const first = opened.find((each) => storeOf(table, each) === 'N');
  assert.ok(first);
  table.ready(first.connection);
  table.done(first);
  table.closed(first.connection);
  assert.equal(
    connectsOf(table).filter((each) => storeOf(table, each) === 'N').length,
    1,
    'the next one goes',
  );
  table.scheduler.reconfigure(withRule({ ...ofNews, connections: 0 }), table.nowMs);
  table.submit(['d0.example'], { store: 1, queueId: 'N9' });
  assert.deepEqual(table.connects(), [], 'none with 0');
  table.scheduler.reconfigure(configOf({ queues }), table.nowMs);
  assert.equal(table.connects().length, 3, 'without a limit, all that wait');
});

test('mail of no tenant takes turns by its queue, with the weight of the queue', () => {
  const order = (weight: number): string => {
    const table = new Table({
      limits: { global: 1 },
      queues: [{ name: 'default' }, { name: 'news' }, { name: 'big', weight }],
    }).know({ 'example.com': relay('a', ['192.0.2.1']) });
    for (let at = 0; at < 6; at++) table.submit(['example.com'], { store: 1, queueId: `N${at}` });
    for (let at = 0; at < 4; at++) table.submit(['example.com'], { store: 2, queueId: `B${at}` });
    let found = '';
    for (let effects = table.take(); effects.length > 0; effects = table.take()) {
      for (const effect of effects) {
        if (effect.kind === 'close') table.closed(effect.connection);
        if (effect.kind !== 'connect' && effect.kind !== 'transact') continue;
        found += table.scheduler.queueIdOf(effect.transaction.message).slice(0, 1);
        table.done(effect);
      }
    }
    return found;
  };
  assert.equal(order(1), 'NNBNBNBNBN');
  assert.match(order(3), /^N+BBBN+BN*$/);
});

test('connections of a queue come from its addresses with its name, and no other mail goes over them', () => {
  const table = new Table({
    sources: own,
    queues: [{ name: 'default' }, { name: 'news', sources: ['198.51.100.2'], heloName: 'news.example.org' }],
  }).know({ 'a.example': relay('s', ['192.0.2.1']) });
  table.submit(['a.example'], { store: 1, queueId: 'N1' });
  const first = table.connect();
  assert.deepEqual([first.source, first.hop.heloName], ['198.51.100.2', 'news.example.org']);
  table.ready(first.connection);
  table.done(first);
  table.take();
  table.submit(['a.example'], { queueId: 'D1' });
  const second = table.connect();
  assert.equal(second.hop.heloName, undefined, 'the idle connection of the queue is not used');
  table.done(second);
  table.submit(['a.example'], { store: 1, queueId: 'N2' });
  const third = table.take().find(({ kind }) => kind === 'transact');
  assert.ok(third?.kind === 'transact');
  assert.equal(third.connection, first.connection, 'its own mail goes over it again');
});

test('other addresses of a queue hold after a reload, also for routes that are known', () => {
  const of = (source: string): ConfigChange => ({
    sources: own,
    queues: [{ name: 'default' }, { name: 'news', sources: [source] }],
  });
  const table = new Table(of('198.51.100.1')).know({ 'a.example': relay('s', ['192.0.2.1']) });
  table.submit(['a.example'], { store: 1 });
  assert.equal(table.connect().source, '198.51.100.1');
  table.scheduler.reconfigure(configOf(of('198.51.100.2')), table.nowMs);
  table.submit(['a.example'], { store: 1 });
  assert.equal(table.connect().source, '198.51.100.2');
});

test('addresses of a route come before those of its queue', () => {
  const plan = relay('s', ['192.0.2.1']);
  assert.ok(plan.kind === 'relay');
  const addresses = plan.addresses.map((hop) => ({ ...hop, sources: ['198.51.100.1'] }) as typeof hop);
  const table = new Table({
    sources: own,
    queues: [{ name: 'default' }, { name: 'news', sources: ['198.51.100.2'] }],
  }).know({ 'a.example': { ...plan, addresses } });
  table.submit(['a.example'], { store: 1 });
  assert.equal(table.connect().source, '198.51.100.1');
});
