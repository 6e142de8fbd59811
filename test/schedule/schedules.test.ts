// Schedules: other retry times, lifetimes and delivery windows for some mail; a window that is closed costs no attempt, and what is
// under way when it closes is finished.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DeliveryHours } from '../../src/values/delivery-hours.ts';
import { parseDeliveryWindow } from '../../src/values/delivery-window.ts';
import { parseDomainPattern } from '../../src/values/domain.ts';
import { parseMoment } from '../../src/values/moment.ts';
import type { ScheduleRule } from '../../src/schedule/times/schedule-rule.ts';
import { MailTimes } from '../../src/schedule/times/mail-times.ts';
import { configOf, day, hour, kinds, minute, noRoute, relay, start, Table, toldBy } from './table.ts';

const site = relay('s', ['192.0.2.1']);

interface Written extends Omit<Partial<ScheduleRule>, 'match' | 'hours'> {
  readonly domain?: readonly string[];
  readonly route?: readonly string[];
  readonly tenant?: readonly string[];
  readonly windows?: readonly string[] | 'always';
  readonly zone?: string;
}

function schedule({ domain, route, tenant, windows, zone = 'UTC', ...rest }: Written): ScheduleRule {
  return {
    name: 'test',
    origin: 'test:1',
    match: { domain: domain?.map(parseDomainPattern), route, tenant },
    ...(windows !== undefined && {
      hours: windows === 'always' ? windows : new DeliveryHours(windows.map(parseDeliveryWindow), zone),
    }),
    ...rest,
  };
}

test('the most specific schedule that gives a key counts, key by key: domain, then route, then tenant', () => {
  const names = ['tenant', 'route', 'suffix', 'long suffix', 'domain', 'domain of tenant'] as const;
  const matches: Readonly<Record<(typeof names)[number], Written>> = {
    tenant: { tenant: ['news'], retry: [1], lifetimeMs: 1 },
    route: { route: ['partners'], retry: [2], bounceLifetimeMs: 2 },
    suffix: { domain: ['*.example'], retry: [3], warnAfterMs: [3] },
    'long suffix': { domain: ['*.b.example'], retry: [4] },
    domain: { domain: ['a.b.example'], retry: [5] },
    'domain of tenant': { domain: ['a.b.example'], tenant: ['news'], retry: [6] },
  };
  const rules = names.map((name) => schedule({ name, ...matches[name] }));
  const times = new MailTimes({ retryMs: [9], lifetimeMs: 9, bounceLifetimeMs: 9 }, rules);
  const of = (domain: string, route: string, tenant: string): unknown[] => {
    const { retry, lifetimeMs, bounceLifetimeMs, warnAfterMs } = times.at(times.of(domain, route, tenant));
    return [retry, lifetimeMs, bounceLifetimeMs, warnAfterMs];
  };
  const mx = (domain: string): string => `mx:${domain}`;
  const partners = 'relay#partners~abcdefghijkl:x.test';
  assert.deepEqual(of('x.test', mx('x.test'), ''), [[9], 9, 9, undefined]);
  assert.deepEqual(of('x.test', mx('x.test'), 'news'), [[1], 1, 9, undefined]);
  assert.deepEqual(of('x.test', partners, ''), [[2], 9, 2, undefined]);
  for (const kind of ['hold', 'pipe', 'by-stage!archive', 'mx'])
    assert.deepEqual(of('x.test', partners.replace('relay', kind), ''), [[2], 9, 2, undefined], kind);
  assert.deepEqual(of('x.test', partners, 'news'), [[2], 1, 2, undefined]);
  assert.deepEqual(of('b.example', partners, 'news'), [[3], 1, 2, [3]]);
  assert.deepEqual(of('c.b.example', mx('c.b.example'), 'news'), [[4], 1, 9, [3]]);
  assert.deepEqual(of('a.b.example', mx('a.b.example'), ''), [[5], 9, 9, [3]]);
  assert.deepEqual(of('a.b.example', mx('a.b.example'), 'news'), [[6], 1, 9, [3]]);
  const number = times.of('x.test', partners, 'news');
  assert.equal(
    times.of('y.test', partners.replace('x.', 'y.'), 'news'),
    number,
    'the same times have one number',
  );
  assert.equal(times.at(number).from.retry, rules[1]);
  assert.equal(times.at(number).from.hours, undefined);
});

test('mail has the retry times and the lifetime of its schedule', () => {
  const table = new Table({
    schedules: [
      schedule({ domain: ['quick.example'], retry: [minute], lifetimeMs: hour }),
      schedule({ tenant: ['slow'], retry: { curve: 'exponential', firstMs: hour, factor: 3, mostMs: day } }),
    ],
  }).know({ 'quick.example': noRoute(false), 'other.example': noRoute(false) });
  table.submit(['quick.example']);
  table.submit(['other.example'], { tenant: 'slow' });
  table.submit(['other.example']);
  const dues = table
    .take()
    .map((effect) => (effect.kind === 'deferred' ? effect.nextAttemptAtMs - start : 0));
  assert.deepEqual(dues, [minute, hour, 5 * minute]);
  table.pass(hour - 1);
  assert.ok(!kinds(table.take()).includes('failed'));
  table.pass(1);
  const ended = table.take().filter((effect) => effect.kind === 'failed');
  assert.equal(ended.length, 1);
  assert.ok(ended[0]?.kind === 'failed' && ended[0].expired);
  assert.equal(table.scheduler.counts().messages, 2);
});

test('recipients of one message have lifetimes of their own, and one transaction only if they have the same times', () => {
  const table = new Table({ schedules: [schedule({ domain: ['short.example'], lifetimeMs: hour })] }).know({
    'a.example': site,
    'b.example': site,
    'short.example': site,
  });
  const message = table.submit(['a.example', 'short.example', 'b.example']);
  const grants = table.connects();
  assert.deepEqual(
    grants.map(({ transaction }) => transaction.recipients),
    [[0, 2], [1]],
  );
  assert.equal(table.scheduler.expiresAtMs(message), start + 5 * day);
  for (const grant of grants) table.done(grant, 'tempfail');
  table.take();
  assert.deepEqual(
    [...table.scheduler.recipients()].map((row) => [row.recipient, row.expiresAtMs - start]).sort(),
    [
      [0, 5 * day],
      [1, hour],
      [2, 5 * day],
    ],
  );
});

/** Thursday 2026-01-01 06:00 UTC. */
const morning = parseMoment('2026-01-01T06:00Z');
const office = schedule({ name: 'office', domain: ['office.example'], windows: ['08:00-10:00'] });

function atMorning(schedules: readonly ScheduleRule[]): Table {
  const table = new Table({ schedules }).know({
    'office.example': relay('office', ['192.0.2.1'], Infinity),
    'a.example': relay('a', ['192.0.2.2'], Infinity),
  });
  table.pass(0);
  table.nowMs = start;
  table.scheduler.setDateShift(morning - start);
  return table;
}

test('mail waits for its window without an attempt, other mail goes on, and people are told', () => {
  const table = atMorning([office]);
  table.submit(['office.example']);
  table.submit(['a.example']);
  assert.equal(table.connect().domain, 'a.example');
  const row = [...table.scheduler.recipients()].find(({ domain }) => domain === 'office.example');
  const told = 'window opens at 2026-01-01 08:00 (UTC), by the schedule office';
  assert.deepEqual([row?.state, row?.attempts, row?.waitsFor], ['ready', 0, told]);
  assert.deepEqual(table.scheduler.unexplainedWaits(10), []);
  assert.ok(table.scheduler.sites().some(({ blockedOn }) => blockedOn === told));
  table.pass(2 * hour - 1);
  assert.deepEqual(
    kinds(table.take()).filter((kind) => kind === 'connect'),
    [],
  );
  table.pass(1);
  const { domain } = table.take().find((effect) => effect.kind === 'connect')!;
  assert.equal(domain, 'office.example');
});

test('an explanation names the window, and where each key comes from', () => {
  const rules = [
    office,
    schedule({ name: 'all', origin: 'test:9', tenant: ['t'], lifetimeMs: day, warnAfterMs: [] }),
  ];
  const table = atMorning(rules);
  const plan = relay('office', ['192.0.2.1'], Infinity);
  assert.ok(plan.kind === 'relay');
  const explain = (domain: string, tenant: string) =>
    table.scheduler.explain(`mx:${domain}`, domain, tenant, plan, table.nowMs);
  const { binding, schedule: keys } = explain('office.example', 't');
  assert.deepEqual(binding, ['window opens at 2026-01-01 08:00 (UTC), by the schedule office']);
  assert.deepEqual(keys, [
    { key: 'lifetime', value: '1d', name: 'all', origin: 'test:9' },
    { key: 'warn_after', value: 'never', name: 'all', origin: 'test:9' },
    { key: 'windows', value: '08:00-10:00 (UTC)', name: 'office', origin: 'test:1' },
  ]);
  assert.deepEqual([explain('a.example', '').binding, explain('a.example', '').schedule], [[], undefined]);
});

test('no plan is asked for while the window is closed', () => {
  const table = atMorning([office]);
  table.plans.clear();
  table.submit(['office.example']);
  assert.deepEqual(table.take(), []);
  table.pass(2 * hour);
  assert.deepEqual(kinds(table.take()), ['resolve']);
});

test('when a window closes, what is under way is finished, and nothing new begins', () => {
  const table = atMorning([office]);
  table.pass(3.9 * hour);
  table.submit(['office.example']);
  table.submit(['office.example']);
  const [first, second] = table.connects();
  assert.ok(first !== undefined && second !== undefined);
  table.done(first);
  table.take();
  table.pass(0.2 * hour);
  table.submit(['office.example']);
  assert.deepEqual(
    table.take().filter(({ kind }) => kind === 'transact' || kind === 'connect'),
    [],
  );
  table.done(second);
  assert.deepEqual(
    kinds(table.take()).filter((kind) => kind !== 'close'),
    ['delivered', 'done'],
  );
  assert.equal(table.scheduler.counts().recipients, 1);
});

test('an attempt that is due while the window is closed is made when it opens, and counts then', () => {
  const table = atMorning([office]).know({ 'office.example': noRoute(false, Infinity) });
  table.pass(3.95 * hour);
  table.submit(['office.example']);
  const [deferred] = table.take();
  assert.ok(deferred?.kind === 'deferred' && deferred.attempts === 1);
  table.pass(day / 2);
  assert.deepEqual(table.take(), []);
  table.pass(day / 2);
  assert.ok(table.take().some((effect) => effect.kind === 'deferred' && effect.attempts === 2));
});

test('a lifetime ends also before the window opens, and the report says why', () => {
  const table = atMorning([
    schedule({ ...office, domain: ['office.example'], windows: ['08:00-10:00'], lifetimeMs: hour }),
  ]);
  table.submit(['office.example']);
  table.pass(hour);
  const failed = table.take().find(({ kind }) => kind === 'failed');
  assert.match(toldBy(failed), /not tried in its lifetime: window opens at 2026-01-01 08:00 \(UTC\)/);
});

test('"always" lifts the windows of a less specific schedule', () => {
  const table = atMorning([
    schedule({ tenant: ['news'], windows: ['08:00-10:00'] }),
    schedule({ domain: ['office.example'], windows: 'always' }),
  ]);
  table.submit(['a.example', 'office.example'], { tenant: 'news' });
  assert.equal(table.connect().domain, 'office.example');
});

test('another date opens and closes windows at once', () => {
  const table = atMorning([office]);
  table.submit(['office.example']);
  assert.deepEqual(table.take(), []);
  table.scheduler.setDateShift(morning - start + 3 * hour);
  table.pass(0);
  assert.equal(table.connect().domain, 'office.example');
  table.scheduler.setDateShift(morning - start);
  table.pass(0);
  table.submit(['office.example']);
  assert.deepEqual(table.take(), []);
});

test('a reload changes the times of mail that waits', () => {
  const table = atMorning([office]).know({ 'lame.example': noRoute(false, Infinity) });
  table.submit(['office.example']);
  table.submit(['lame.example']);
  table.take();
  const lifted = { lifetimeMs: 2 * hour, retryMs: [minute] };
  table.scheduler.reconfigure(configOf(lifted), table.nowMs);
  assert.equal(table.connect().domain, 'office.example');
  const dueMs = (): number | undefined =>
    [...table.scheduler.recipients()].find(({ domain }) => domain === 'lame.example')?.nextAttemptAtMs;
  assert.equal(dueMs(), morning + minute, 'not after 5 minutes, as it was');
  const rule = schedule({ domain: ['lame.example'], retry: [10_000], lifetimeMs: hour });
  table.scheduler.reconfigure(configOf({ ...lifted, schedules: [rule] }), table.nowMs);
  assert.equal(dueMs(), morning + 10_000);
  table.pass(hour);
  assert.equal(table.take().filter(({ kind }) => kind === 'failed').length, 1);
});

test('a reload gives recipients that shared a task their own times, waiting, held or in flight', () => {
  const table = new Table().know({ 'a.example': site, 'b.example': site });
  const held = table.submit(['a.example', 'b.example']);
  const waiting = table.submit(['a.example', 'b.example']);
  const flying = table.submit(['a.example', 'b.example']);
  const [first, second, third] = table.connects();
  assert.ok(first !== undefined && second !== undefined && third !== undefined);
  table.done(first, 'tempfail');
  table.done(second, 'tempfail');
  table.scheduler.hold(held);
  const rule = schedule({ domain: ['b.example'], retry: [minute], lifetimeMs: hour });
  table.scheduler.reconfigure(configOf({ schedules: [rule] }), table.nowMs);
  table.done(third, 'tempfail');
  table.take();
  const rows = [...table.scheduler.recipients()].map(
    (row) =>
      [row.message, row.domain, row.state, row.nextAttemptAtMs - start, row.expiresAtMs - start] as const,
  );
  const want = (message: number, state: string): unknown[] => [
    [message, 'a.example', state, 5 * minute, 5 * day],
    [message, 'b.example', state, minute, hour],
  ];
  assert.deepEqual(
    rows.toSorted((one, other) => one[0] - other[0] || (one[1] < other[1] ? -1 : 1)),
    [...want(held, 'held'), ...want(waiting, 'waiting'), ...want(flying, 'waiting')],
  );
});

test('a new route may have another schedule, for each recipient that gets it', () => {
  const rule = schedule({ route: ['partners'], retry: [minute], lifetimeMs: hour });
  const table = new Table({ schedules: [rule] }).know({
    'a.example': noRoute(false),
    'b.example': noRoute(false),
  });
  const message = table.submit(['a.example', { domain: 'b.example' }]);
  table.take();
  const route = { route: 'relay#partners~abcdefghijkl:b.example', domain: 'b.example' };
  assert.ok(table.scheduler.reroute(message, new Map([[1, route]]), table.nowMs));
  const rows = [...table.scheduler.recipients()].map((row) => [
    row.recipient,
    row.nextAttemptAtMs - start,
    row.expiresAtMs - start,
  ]);
  assert.deepEqual(rows.sort(), [
    [0, 5 * minute, 5 * day],
    [1, minute, hour],
  ]);
});
