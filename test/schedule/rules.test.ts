// The rules of `[[limit]]` in the scheduler: groups, rates, messages and recipients.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LimitRule } from '../../src/schedule/limits/types.ts';
import type { Effect } from '../../src/schedule/types.ts';
import { configOf, minute, relay, start, Table, type Connect, type Transact } from './table.ts';

function rule(change: Partial<LimitRule> & { readonly id: string }): LimitRule {
  return { name: change.id, origin: 'test', per: [], match: {}, isOverride: false, ...change };
}

const domain = (name: string) => ({ kind: 'exact', domain: name }) as const;

type Grant = Connect | Transact;
const isGrant = (effect: Effect): effect is Grant => effect.kind === 'connect' || effect.kind === 'transact';

/** Delivers every transaction at once for a while. Returns the times of the grants. */
function deliverFor(table: Table, ms: number): number[] {
  const times: number[] = [];
  const end = table.nowMs + ms;
  for (;;) {
    for (let effects = table.take(); effects.length > 0; effects = table.take()) {
      for (const effect of effects) {
        if (isGrant(effect)) {
          times.push(table.nowMs - start);
          table.done(effect);
        } else if (effect.kind === 'close') {
          table.closed(effect.connection);
        }
      }
    }
    const wake = table.scheduler.nextWakeMs();
    if (wake > end) return times;
    table.nowMs = Math.max(table.nowMs, wake);
    table.scheduler.tick(table.nowMs);
  }
}

test('the domains of a group share one limit', () => {
  const yahoo = rule({
    id: 'yahoo',
    match: { domain: [domain('a.example'), domain('b.example')] },
    connections: 3,
  });
  const table = new Table({ limits: { rules: [yahoo] } }).know({
    'a.example': relay('a', ['192.0.2.1']),
    'b.example': relay('b', ['192.0.2.2']),
    'c.example': relay('c', ['192.0.2.3']),
  });
  for (let at = 0; at < 4; at++) {
    for (const name of ['a.example', 'b.example', 'c.example']) table.submit([name]);
  }
  const connects = table.connects();
  assert.equal(connects.length, 7);
  assert.equal(connects.filter(({ site }) => site === 'c').length, 4);
  const waiting = table.scheduler.sites().find(({ blockedOn }) => blockedOn !== '');
  assert.equal(waiting?.blockedOn, 'limit yahoo (3) is full');
});

test('a message for a full group and a free domain is split', () => {
  const full = rule({ id: 'full', match: { domain: [domain('a.example')] }, connections: 0 });
  const table = new Table({ limits: { rules: [full] } }).know({
    'a.example': relay('s', ['192.0.2.1']),
    'b.example': relay('s', ['192.0.2.1']),
  });
  table.submit(['a.example', 'b.example']);
  assert.deepEqual(table.connect().transaction.recipients, [1]);
  assert.equal(table.scheduler.sites()[0]?.blockedOn, 'full is on hold');
});

test('a message rate spaces transactions evenly, on kept connections too', () => {
  const slow = rule({ id: 'slow', per: ['domain'], messageRate: { count: 60, perMs: minute } });
  const table = new Table({ limits: { rules: [slow] } }).know({ 'a.example': relay('a', ['192.0.2.1']) });
  for (let at = 0; at < 200; at++) table.submit(['a.example']);
  const times = deliverFor(table, 2 * minute);
  assert.ok(times.length >= 117 && times.length <= 121, `${times.length}`);
  for (const [at, time] of times.entries()) {
    const window = times.filter((other) => other >= time && other < time + minute);
    assert.ok(window.length <= 60, `${window.length} from ${at}`);
  }
  const longest = Math.max(...times.slice(1).map((time, at) => time - (times[at] ?? 0)));
  assert.ok(longest < 1_500, `a pause of ${longest} ms`);
});

test('a message rate of an address does not slow the other addresses of the site', () => {
  const slow = rule({
    id: 'slow',
    per: ['ip'],
    match: { ip: [{ address: '192.0.2.1', prefix: 32 }] },
    messageRate: { count: 1, perMs: minute },
  });
  const table = new Table({ limits: { rules: [slow] } }).know({
    'a.example': relay('a', ['192.0.2.1', '192.0.2.2']),
  });
  for (let at = 0; at < 50; at++) table.submit(['a.example']);
  assert.ok(deliverFor(table, 1_000).length === 50);
});

test('a connection rate counts connections only', () => {
  const slow = rule({ id: 'slow', per: ['site'], connectionRate: { count: 1, perMs: minute } });
  const table = new Table({ limits: { rules: [slow] } }).know({ 'a.example': relay('a', ['192.0.2.1']) });
  for (let at = 0; at < 20; at++) table.submit(['a.example']);
  const first = table.connect();
  table.done(first);
  assert.equal(deliverFor(table, 1_000).length, 19);
});

test('a recipient rate splits a message with more recipients than it allows at once', () => {
  const slow = rule({ id: 'slow', per: ['domain'], recipientRate: { count: 100, perMs: minute } });
  const table = new Table({ limits: { rules: [slow] } }).know({ 'a.example': relay('a', ['192.0.2.1']) });
  table.submit(Array.from({ length: 50 }, () => 'a.example'));
  const sizes: number[] = [];
  for (let effects = table.take(); effects.length > 0; effects = table.take()) {
    for (const effect of effects) {
      if (!isGrant(effect)) continue;
      sizes.push(effect.transaction.recipients.length);
      table.done(effect);
    }
  }
  assert.deepEqual(sizes, [5]);
  const times = deliverFor(table, minute);
  assert.equal(times.length, 9);
});

test('recipients_per_message and messages_per_connection of a place hold', () => {
  const small = rule({
    id: 'small',
    per: ['mx'],
    match: { mx: [domain('mx.a')] },
    recipientsPerMessage: 2,
    messagesPerConnection: 3,
  });
  const table = new Table({ limits: { rules: [small], perSite: 1 } }).know({
    'a.example': relay('a', ['192.0.2.1']),
  });
  table.submit(Array.from({ length: 9 }, () => 'a.example'));
  const grants: string[] = [];
  for (let effects = table.take(); effects.length > 0; effects = table.take()) {
    for (const effect of effects) {
      grants.push(
        isGrant(effect) ? `${effect.kind} ${effect.transaction.recipients.join(',')}` : effect.kind,
      );
      if (isGrant(effect)) table.done(effect);
      else if (effect.kind === 'close') table.closed(effect.connection);
    }
  }
  assert.deepEqual(
    grants.filter((grant) => grant !== 'delivered'),
    ['connect 0,1', 'transact 2,3', 'transact 4,5', 'close', 'connect 6,7', 'transact 8', 'done'],
  );
});

test('every source has its own limit, and sources share the work', () => {
  const each = rule({ id: 'each', per: ['source', 'mx'], connections: 2 });
  const sources = ['198.51.100.1', '198.51.100.2', '2001:db8::1'];
  const table = new Table({ limits: { rules: [each] }, sources }).know({
    'a.example': relay('a', ['192.0.2.1']),
  });
  for (let at = 0; at < 9; at++) table.submit(['a.example']);
  const used = table.connects().map(({ source }) => source);
  assert.deepEqual(used.toSorted(), ['198.51.100.1', '198.51.100.1', '198.51.100.2', '198.51.100.2']);
});

test('a limit per tenant and address holds', () => {
  const both = rule({
    id: 'both',
    per: ['tenant', 'ip'],
    connections: 1,
    messageRate: { count: 2, perMs: minute },
  });
  const table = new Table({ limits: { rules: [both] } }).know({
    'a.example': relay('a', ['192.0.2.1']),
    'b.example': relay('b', ['192.0.2.1']),
  });
  for (const tenant of ['x', 'y', 'x', 'y', 'x']) {
    table.submit(['a.example'], { tenant });
    table.submit(['b.example'], { tenant });
  }
  const connects = table.connects();
  assert.equal(connects.length, 2);
  for (const grant of connects) table.done(grant);
  const times = deliverFor(table, minute - 1);
  assert.equal(times.length, 2);
  const plan = relay('a', ['192.0.2.1']);
  assert.ok(plan.kind === 'relay');
  const [place] = table.scheduler.explain('mx:a.example', 'a.example', 'x', plan, table.nowMs).places;
  const shown = place?.limits
    .filter(({ rule: id }) => id === 'both')
    .map(({ key, quantity }) => [key, quantity]);
  assert.deepEqual(shown, [
    ['x 192.0.2.1', 'connections'],
    ['x 192.0.2.1', 'message_rate'],
  ]);
});

test('a new limit counts the open connections, and closes those above it when they are idle', () => {
  const table = new Table().know({ 'a.example': relay('a', ['192.0.2.1']) });
  for (let at = 0; at < 8; at++) table.submit(['a.example']);
  const grants = table.connects();
  assert.equal(grants.length, 8);
  const few = rule({ id: 'few', match: { domain: [domain('a.example')] }, connections: 3 });
  table.scheduler.reconfigure(configOf({ limits: { rules: [few] } }), table.nowMs);
  table.submit(['a.example']);
  assert.deepEqual(table.take(), []);
  const closed: number[] = [];
  for (const grant of grants) {
    table.done(grant);
    for (const effect of table.take()) {
      if (effect.kind === 'close') {
        closed.push(effect.connection);
        table.closed(effect.connection);
      } else if (effect.kind === 'transact') {
        table.done(effect);
      }
    }
  }
  assert.equal(closed.length, 5);
  assert.equal(table.scheduler.counts().connections, 3);
});

test('an override with 0 connections stops a destination, and its end starts the mail that waited', () => {
  const suspended = rule({
    id: 'op',
    per: ['domain'],
    match: { domain: [domain('a.example')] },
    isOverride: true,
    connections: 0,
    reason: 'maintenance',
    untilMs: start + minute,
  });
  const table = new Table({ limits: { rules: [suspended] } }).know({
    'a.example': relay('a', ['192.0.2.1']),
  });
  table.submit(['a.example']);
  assert.deepEqual(table.take(), []);
  assert.match(
    table.scheduler.sites()[0]?.blockedOn ?? '',
    /suspended until 2023-11-14T22:14:20.000Z \(maintenance\)/,
  );
  table.scheduler.reconfigure(configOf(), table.nowMs);
  assert.equal(table.connects().length, 1);
});

test('the spent part of a rate is carried over to another scheduler', () => {
  const slow = rule({ id: 'slow', per: ['domain'], messageRate: { count: 1, perMs: minute } });
  const plans = { 'a.example': relay('a', ['192.0.2.1']) };
  const before = new Table({ limits: { rules: [slow] } }).know(plans);
  before.submit(['a.example']);
  before.connect();
  const saved = before.scheduler.rates(before.nowMs);
  assert.equal(saved.length, 1);
  const after = new Table({ limits: { rules: [slow] } }).know(plans);
  after.scheduler.restoreRates(JSON.parse(JSON.stringify(saved)) as typeof saved);
  after.submit(['a.example']);
  assert.deepEqual(after.take(), []);
  after.pass(minute + 1_000);
  assert.equal(after.connects().length, 1);
});

test('a wrong spent part of a rate delays the next event by at most its own spacing', () => {
  const slow = rule({ id: 'slow', per: ['domain'], messageRate: { count: 60, perMs: minute } });
  const table = new Table({ limits: { rules: [slow] } }).know({ 'a.example': relay('a', ['192.0.2.1']) });
  const tatMs = start + 365 * 24 * 60 * minute;
  table.scheduler.restoreRates([{ rule: 'slow', key: 'a.example', quantity: 'message_rate', tatMs }]);
  table.submit(['a.example']);
  assert.deepEqual(table.take(), []);
  table.pass(1_100);
  assert.equal(table.connects().length, 1);
});

test('an explanation names every limit, and those that are full', () => {
  const aol = rule({ id: 'aol', per: ['domain'], match: { domain: [domain('a.example')] }, connections: 1 });
  const table = new Table({ limits: { rules: [aol] } });
  const plan = relay('a', ['192.0.2.1', '192.0.2.2@20']);
  table.know({ 'a.example': plan });
  table.submit(['a.example']);
  table.submit(['a.example']);
  table.connect();
  assert.equal(plan.kind, 'relay');
  if (plan.kind !== 'relay') return;
  const explained = table.scheduler.explain('mx:a.example', 'a.example', '', plan, table.nowMs);
  assert.deepEqual(explained.recipients, { waiting: 0, ready: 1, active: 1 });
  assert.deepEqual(explained.binding, ['limit aol: domain a.example (1) is full']);
  assert.deepEqual(
    explained.limits.map(({ rule: id, key, used, allowed, parked }) => [id, key, used, allowed, parked]),
    [['aol', 'a.example', 1, 1, 1]],
  );
  assert.equal(explained.places.length, 2);
  const other = table.scheduler.explain('mx:new.example', 'new.example', 'shop', plan, table.nowMs);
  assert.deepEqual(other.binding, []);
  assert.equal(other.tenant, 'shop');
  const status = table.scheduler.limits(10, table.nowMs);
  assert.equal(status.counters[0]?.rule, 'aol');
  // The global limit is among them even when only a few are asked for.
  assert.deepEqual(
    table.scheduler.limits(1, table.nowMs).counters.map((counter) => counter.rule),
    ['global'],
  );
  assert.deepEqual(
    status.inUse.find((each) => each.rule === 'aol'),
    { rule: 'aol', keys: 1, parked: 1 },
  );
});
