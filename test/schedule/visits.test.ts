// Connections without mail: they take the slots and rates of their destination like those with mail, and give them back.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { auditEmpty } from '../../sim/world/audit.ts';
import { createScheduler } from '../../src/schedule/create-scheduler.ts';
import type { LimitRule } from '../../src/schedule/limits/types.ts';
import { SchedulerError } from '../../src/schedule/scheduler-error.ts';
import { State } from '../../src/schedule/state.ts';
import type { RoutePlan } from '../../src/route/types.ts';
import type { VisitTarget } from '../../src/schedule/store/visit-types.ts';
import { configOf, day, minute, relay, start, Table } from './table.ts';

type Found = Extract<RoutePlan, { kind: 'relay' }>;

const plan = relay('example.org', ['192.0.2.1', '192.0.2.2@20']) as Found;

function target(change: Partial<VisitTarget> = {}): VisitTarget {
  return { key: 'mx:example.org', domain: 'example.org', tenant: '', plan, except: new Set(), ...change };
}

function visited(table: Table, change: Partial<VisitTarget> = {}): string | undefined {
  return table.scheduler.visit(target(change), table.nowMs)?.hop.ip;
}

test('hosts are visited in the order of their preference, each once', () => {
  const table = new Table();
  assert.equal(visited(table), '192.0.2.1');
  assert.equal(visited(table, { except: new Set(['192.0.2.1:25']) }), '192.0.2.2');
  assert.equal(visited(table, { except: new Set(['192.0.2.1:25', '192.0.2.2:25']) }), undefined);
});

test('a visit and mail together keep to the limit of a site', () => {
  const table = new Table({ limits: { perSite: 1 } }).know({ 'example.org': plan });
  const visit = table.scheduler.visit(target(), table.nowMs);
  assert.ok(visit);
  table.submit(['example.org']);
  assert.deepEqual(table.take(), [], 'mail waits for the end of the visit');
  assert.equal(visited(table), undefined, 'and so does another visit');
  table.scheduler.visitEnded(visit.connection, table.nowMs);
  const { connection } = table.connect();
  assert.equal(visited(table), undefined, 'while mail has the connection, nobody is visited');
  table.ready(connection).closed(connection);
  assert.equal(visited(table), '192.0.2.1');
});

test('visits count in the limits of all connections, of a domain and of an address', () => {
  for (const limits of [{ global: 2 }, { perDomain: 2 }, { perIp: 2 }]) {
    const table = new Table({ limits });
    const except = new Set(['192.0.2.2:25']);
    assert.deepEqual(
      [visited(table, { except }), visited(table, { except }), visited(table, { except })],
      ['192.0.2.1', '192.0.2.1', undefined],
      JSON.stringify(limits),
    );
  }
});

test('a visit spends a rate of new connections', () => {
  const rule: LimitRule = {
    ...configOf().limits.rules[0]!,
    id: 'rate',
    connections: undefined,
    connectionRate: { count: 1, perMs: minute },
  };
  const config = configOf();
  const scheduler = createScheduler({ ...config, limits: { ...config.limits, rules: [rule] } }, start);
  assert.ok(scheduler.visit(target(), start));
  assert.equal(scheduler.visit(target(), start + 1), undefined);
  scheduler.tick(start + minute);
  assert.ok(scheduler.visit(target(), start + minute));
});

test('one who waits comes before mail: an idle connection makes room at once, and a busy one when its message is through', () => {
  const table = new Table({ limits: { perSite: 1 } }).know({ 'example.org': plan });
  table.submit(['example.org']);
  table.submit(['example.org']);
  const busy = table.connect();
  table.scheduler.awaitVisit(1, target(), table.nowMs);
  assert.deepEqual(table.take(), []);
  table.done(busy);
  assert.deepEqual(kindsOf(table), ['delivered', 'close', 'done']);
  table.closed(busy.connection);
  const [effect, ...rest] = table.take();
  assert.ok(effect?.kind === 'visit' && effect.number === 1);
  assert.deepEqual(rest, [], 'mail waits for the end of the visit');
  table.scheduler.visitEnded(effect.visit!.connection, table.nowMs);
  const idle = table.connect();
  table.done(idle);
  table.take();
  table.scheduler.awaitVisit(2, target(), table.nowMs);
  assert.deepEqual(kindsOf(table), ['close']);
  table.closed(idle.connection);
  assert.deepEqual(kindsOf(table), ['visit']);
});

test('mail and those who wait take turns where there is no room for both', () => {
  const table = new Table({ limits: { perSite: 1 } }).know({ 'example.org': plan });
  for (let i = 0; i < 4; i++) table.submit(['example.org']);
  let busy = table.connect();
  for (const number of [1, 2, 3]) table.scheduler.awaitVisit(number, target(), table.nowMs);
  for (const number of [1, 2, 3]) {
    table.done(busy);
    assert.deepEqual(kindsOf(table), ['delivered', 'close', 'done']);
    table.closed(busy.connection);
    const [effect, ...rest] = table.take();
    assert.ok(effect?.kind === 'visit' && effect.number === number);
    assert.deepEqual(rest, []);
    table.scheduler.visitEnded(effect.visit!.connection, table.nowMs);
    busy = table.connect();
  }
  table.done(busy);
  assert.deepEqual(kindsOf(table), ['delivered', 'done']);
});

test('no more connections make room than visits wait', () => {
  const table = new Table({ limits: { perSite: 3 } }).know({ 'example.org': plan });
  const connections = [1, 2, 3].map(() => {
    table.submit(['example.org']);
    return table.connect();
  });
  for (const connection of connections) table.done(connection);
  table.take();
  table.scheduler.awaitVisit(1, target(), table.nowMs);
  assert.deepEqual(kindsOf(table), ['close']);
  table.scheduler.awaitVisit(2, target(), table.nowMs);
  assert.deepEqual(kindsOf(table), ['close']);
});

test('one who waits begins when a lifted limit allows it, and never when it has been given up', () => {
  const table = new Table({ limits: { perSite: 0 } });
  table.scheduler.awaitVisit(1, target(), table.nowMs);
  table.scheduler.awaitVisit(2, target(), table.nowMs);
  table.scheduler.forgetVisit(1);
  assert.deepEqual(table.take(), []);
  table.scheduler.reconfigure(configOf(), table.nowMs);
  const effects = table.take();
  assert.deepEqual(
    effects.map((effect) => effect.kind === 'visit' && effect.number),
    [2],
  );
});

test('one whose hosts cannot be reached from any own address does not wait', () => {
  const table = new Table({ sources: ['2001:db8::1'] });
  table.scheduler.awaitVisit(1, target(), table.nowMs);
  assert.deepEqual(table.take(), [{ kind: 'visit', number: 1, visit: undefined }]);
});

test('a limit of 0 holds mail, and not one who asks on behalf of a client', () => {
  for (const limits of [{ perSite: 0 }, { perDomain: 0 }, { perIp: 0 }, { global: 0 }]) {
    const config = configOf({ limits });
    const state = new State(config);
    const scheduler = createScheduler(config, start, state);
    assert.equal(scheduler.visit(target(), start), undefined);
    const first = scheduler.visit(target({ despiteHolds: true }), start);
    assert.ok(first, JSON.stringify(limits));
    scheduler.reconfigure(configOf(), start);
    scheduler.visitEnded(first.connection, start);
    for (let turn = 0; turn < 9; turn++) scheduler.tick(start + day + turn * minute);
    auditEmpty(state);
  }
  const full = new Table({ limits: { perSite: 1 } });
  assert.equal(visited(full, { despiteHolds: true }), '192.0.2.1');
  assert.equal(visited(full, { despiteHolds: true }), undefined, 'other limits hold for everybody');
});

function kindsOf(table: Table): string[] {
  return table.take().map(({ kind }) => kind);
}

test('a host that rests is visited, and one that mail is trying again is not', () => {
  const table = new Table().know({ 'example.org': relay('example.org', ['192.0.2.1']) });
  const one = relay('example.org', ['192.0.2.1']) as Found;
  table.submit(['example.org']);
  table.refused(table.connect().connection);
  table.take();
  const visit = table.scheduler.visit(target({ plan: one }), table.nowMs);
  assert.ok(visit, 'mail leaves the address alone; whoever wants to know looks');
  table.scheduler.visitEnded(visit.connection, table.nowMs);
  table.pass(5 * minute);
  table.connect();
  assert.equal(visited(table, { plan: one }), undefined);
});

test('nothing of a visit says anything about the host, and nothing of it stays', () => {
  const state = new State(configOf());
  const scheduler = createScheduler(configOf(), start, state);
  for (let round = 0; round < 3; round++) {
    const visit = scheduler.visit(target(), start);
    assert.ok(visit);
    assert.equal(scheduler.sites()[0]?.connections, 1);
    scheduler.reconfigure(configOf({ limits: { perSite: 1 + round } }), start);
    scheduler.visitEnded(visit.connection, start);
    assert.deepEqual(scheduler.sites(), []);
  }
  for (let turn = 0; turn < 10; turn++) scheduler.tick(start + day + turn * minute);
  auditEmpty(state);
  assert.deepEqual(scheduler.effects, []);
});

test('the end of a visit is told once, and never of a connection with mail', () => {
  const table = new Table().know({ 'example.org': plan });
  const visit = table.scheduler.visit(target(), table.nowMs)!;
  table.scheduler.visitEnded(visit.connection, table.nowMs);
  assert.throws(() => table.scheduler.visitEnded(visit.connection, table.nowMs), SchedulerError);
  table.submit(['example.org']);
  const { connection } = table.connect();
  assert.throws(() => table.scheduler.visitEnded(connection, table.nowMs), SchedulerError);
});
