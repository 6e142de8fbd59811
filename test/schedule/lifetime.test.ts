// Retries and lifetimes: when a recipient is tried again, and when it fails for good.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configOf, day, hour, kinds, minute, noRoute, relay, start, Table, toldBy } from './table.ts';
import { delivered, refused, said, saidForm } from '../refusals.ts';

const site = relay('s', ['192.0.2.1']);

test('attempts follow the retry schedule, whose last delay repeats, and the last error is kept', () => {
  const table = new Table().know({ 'a.example': site });
  table.submit(['a.example']);
  const delays: number[] = [];
  for (let attempt = 1; attempt <= 5; attempt++) {
    const grant = table.take().find((effect) => effect.kind === 'connect' || effect.kind === 'transact');
    assert.ok(grant?.kind === 'connect' || grant?.kind === 'transact');
    const beganMs = table.nowMs;
    table.done(grant, 'tempfail');
    const deferred = table.take().find((effect) => effect.kind === 'deferred');
    assert.ok(deferred?.kind === 'deferred');
    assert.equal(deferred.attempts, attempt);
    delays.push(deferred.nextAttemptAtMs - beganMs);
    table.pass(deferred.nextAttemptAtMs - beganMs);
    for (const effect of table.scheduler.effects)
      if (effect.kind === 'close') table.closed(effect.connection);
  }
  assert.deepEqual(delays, [5 * minute, 10 * minute, hour, hour, hour]);
  const [recipient] = table.scheduler.recipients();
  assert.deepEqual(recipient?.lastRefusal, said('450 later'));
});

test('each delay is jittered within its bounds, the same for the same seed', () => {
  const delays = (seed: number): number[] => {
    const table = new Table({ seed, retryJitter: 0.25 }).know({ 'lame.example': noRoute(false) });
    for (let count = 0; count < 50; count++) table.submit(['lame.example']);
    return table.take().map((effect) => (effect.kind === 'deferred' ? effect.nextAttemptAtMs - start : 0));
  };
  const list = delays(7);
  for (const delay of list) assert.ok(delay >= 3.75 * minute && delay <= 6.25 * minute, String(delay));
  assert.ok(new Set(list).size > 40);
  assert.deepEqual(delays(7), list);
  assert.notDeepEqual(delays(8), list);
});

test('a recipient whose lifetime ends fails with its last error; bounces have a lifetime of their own', () => {
  for (const [nullSender, lifetimeMs] of [
    [false, 5 * day],
    [true, day],
  ] as const) {
    const table = new Table().know({ 'lame.example': noRoute(false) });
    const message = table.submit(['lame.example'], { nullSender });
    table.pass(lifetimeMs - 1);
    assert.ok(kinds(table.take()).every((kind) => kind === 'deferred'));
    table.pass(1);
    const [failed, ...rest] = table.take();
    assert.deepEqual(rest, [{ kind: 'done', message }]);
    assert.ok(failed?.kind === 'failed' && failed.expired);
    assert.deepEqual([failed.refusal.by, failed.refusal.during], [{ kind: 'local' }, 'routing']);
    assert.equal(toldBy(failed), '451 4.4.3 DNS server failure');
  }
});

test('no attempt is planned after the end of the lifetime; a last one is made shortly before it', () => {
  const table = new Table({ retryMs: [5 * minute, 4 * day] }).know({ 'lame.example': noRoute(false) });
  table.submit(['lame.example']);
  table.pass(5 * minute);
  const times = table
    .take()
    .map((effect) => (effect.kind === 'deferred' ? effect.nextAttemptAtMs - start : 0));
  assert.deepEqual(times, [5 * minute, 5 * minute + 4 * day]);
  table.pass(4 * day);
  const [last] = table.take();
  assert.equal(last?.kind === 'deferred' && last.nextAttemptAtMs - start, 5 * day - 5 * minute);
  table.pass(day);
  assert.deepEqual(
    table.take().map((effect) => effect.kind),
    ['deferred', 'failed', 'done'],
  );
});

test('a recipient that expires without an attempt fails with what it waited for', () => {
  const held = new Table({ limits: { perDomain: 0 } }).know({ 'a.example': site });
  held.submit(['a.example']);
  held.pass(5 * day);
  const [limit] = held.take();
  assert.equal(toldBy(limit), 'not tried in its lifetime: domain a.example is on hold');

  const silent = new Table();
  silent.submit(['b.example']);
  silent.pass(5 * day);
  const failed = silent.take().find((effect) => effect.kind === 'failed');
  assert.equal(toldBy(failed), 'not tried in its lifetime: looking up the route to b.example');

  const resting = new Table({ addressRestMs: [9 * day] }).know({ 'a.example': site });
  resting.submit(['a.example']);
  resting.refused(resting.connect().connection);
  resting.submit(['a.example']);
  resting.pass(5 * day);
  const errors = resting
    .take()
    .filter(({ kind }) => kind === 'failed')
    .map(toldBy);
  assert.ok(errors.includes('mx.test[192.0.2.1]:25: connection refused'), 'the recipient that was tried');
  assert.ok(
    errors.some((error) =>
      /^not tried in its lifetime: 192\.0\.2\.1:25 rests until .* \(mx\.test\[192\.0\.2\.1\]:25: connection refused\)$/.test(
        error,
      ),
    ),
    'the recipient that waited',
  );
});

test('a transaction in flight at the end of the lifetime finishes first', () => {
  const table = new Table().know({ 'a.example': site });
  table.submit(['a.example', 'a.example']);
  const connect = table.connect();
  table.ready(connect.connection).pass(6 * day);
  assert.deepEqual(table.take(), []);
  table.done(connect, [delivered(0), refused(1, '450 4.2.1 later')]);
  const effects = table.take();
  assert.deepEqual(kinds(effects), ['delivered', 'failed', 'done']);
  assert.ok(effects[1]?.kind === 'failed' && effects[1].expired);
  assert.deepEqual(effects[1].refusal, said('450 4.2.1 later'));
});

test('a message that is too old when it is committed fails at once', () => {
  const table = new Table().know({ 'a.example': site });
  table.submit([{ domain: 'a.example', lastRefusal: saidForm('450 before the restart'), attempts: 9 }], {
    receivedAtMs: start - 5 * day,
  });
  const [failed] = table.take();
  assert.ok(failed?.kind === 'failed' && failed.expired);
  assert.deepEqual(failed.refusal, said('450 before the restart'));
});

test('a new lifetime applies to mail that waits already', () => {
  const table = new Table({ limits: { perDomain: 0 } }).know({
    'a.example': site,
    'lame.example': noRoute(false),
  });
  table.submit(['a.example']);
  table.submit(['lame.example']);
  table.take();
  table.scheduler.reconfigure(configOf({ lifetimeMs: 3 * minute, limits: { perDomain: 0 } }), table.nowMs);
  const last = (3 * minute * 15) / 16;
  assert.equal(table.scheduler.nextWakeMs(), start + last, 'a last attempt of what was tried');
  table.pass(last);
  assert.deepEqual(kinds(table.take()), ['deferred']);
  table.pass(3 * minute - last - 1);
  assert.deepEqual(table.take(), []);
  table.pass(1);
  assert.deepEqual(kinds(table.take()), ['failed', 'failed', 'done', 'done']);

  const longer = new Table({ lifetimeMs: minute, limits: { perDomain: 0 } }).know({ 'a.example': site });
  longer.submit(['a.example']);
  longer.take();
  longer.scheduler.reconfigure(configOf({ lifetimeMs: hour, limits: { perDomain: 0 } }), longer.nowMs);
  longer.pass(hour - 1);
  assert.deepEqual(longer.take(), []);
  longer.pass(1);
  assert.deepEqual(kinds(longer.take()), ['failed', 'done']);
});

test('recipients that waited before a restart keep their attempts, times and errors', () => {
  const table = new Table().know({ 'a.example': site });
  table.submit([
    {
      domain: 'a.example',
      attempts: 2,
      nextAttemptAtMs: start + 7 * minute,
      lastRefusal: saidForm('450 no'),
    },
  ]);
  const [waiting] = table.scheduler.recipients();
  assert.deepEqual(
    [waiting?.state, waiting?.attempts, waiting?.nextAttemptAtMs, waiting?.lastRefusal],
    ['waiting', 2, start + 7 * minute, said('450 no')],
  );
  table.pass(7 * minute - 1);
  assert.deepEqual(table.take(), []);
  table.pass(1);
  table.done(table.connect(), 'tempfail');
  const [deferred] = table.take();
  assert.equal(deferred?.kind === 'deferred' && deferred.nextAttemptAtMs, table.nowMs + hour);
});

test('a date from a wrong clock delays no attempt beyond the schedule, and lengthens no lifetime', () => {
  const year = 365 * day;
  const table = new Table({ retryJitter: 0.25, lifetimeMs: 2 * day }).know({
    'lame.example': noRoute(false),
  });
  table.submit([{ domain: 'lame.example', attempts: 2, nextAttemptAtMs: start + year }], {
    receivedAtMs: start + year,
  });
  const [row] = table.scheduler.recipients();
  assert.equal(row?.nextAttemptAtMs, start + 12.5 * minute, 'the second delay with all of its jitter');
  assert.equal(row?.expiresAtMs, start + 2 * day);
  table.pass(2 * day);
  assert.equal(table.take().at(-1)?.kind, 'done');
});

test('texts show dates, while the scheduler counts time on a clock of its own', () => {
  const table = new Table().know({ 'a.example': site, 'lame.example': noRoute(false) });
  table.scheduler.setDateShift(7 * hour);
  table.submit(['lame.example']);
  const [deferred] = table.take();
  assert.equal(deferred?.kind === 'deferred' && deferred.nextAttemptAtMs, start + 5 * minute + 7 * hour);
  const [row] = table.scheduler.recipients();
  assert.equal(row?.nextAttemptAtMs, start + 5 * minute + 7 * hour);
  assert.equal(row?.expiresAtMs, start + 5 * day + 7 * hour);
  assert.equal(table.scheduler.nextWakeMs(), start + 5 * minute);
  table.submit(['a.example']);
  table.refused(table.connect().connection);
  table.submit(['a.example']);
  const restsUntil = new Date(start + minute + 7 * hour).toISOString();
  assert.match(table.scheduler.sites()[1]?.blockedOn ?? '', new RegExp(`rests until ${restsUntil}`));
});

test('no lifetime ends while a local fault prevents look-ups; afterwards there is time for an attempt', () => {
  const table = new Table();
  table.submit(['a.example']);
  const [resolve] = table.take();
  assert.ok(resolve?.kind === 'resolve');
  assert.equal([...table.scheduler.recipients()][0]?.waitsFor, undefined);
  table.scheduler.lookupsStopped(true, table.nowMs);
  assert.equal([...table.scheduler.recipients()][0]?.waitsFor, 'a name server');
  assert.equal(table.scheduler.sites()[0]?.blockedOn, 'waits for a name server');
  table.pass(20 * day);
  assert.deepEqual(table.take(), [], 'neither an attempt nor an end');
  table.scheduler.lookupsStopped(false, table.nowMs);
  table.scheduler.routeResolved(resolve.route, site, table.nowMs);
  const connect = table.connect();
  table.ready(connect.connection).done(connect, 'tempfail');
  assert.deepEqual(kinds(table.take()), ['deferred'], 'and another attempt follows soon');
});

test('a lifetime does not end while plans are still looked up after such a fault', () => {
  const table = new Table();
  table.submit(['a.example']);
  const [resolve] = table.take();
  assert.ok(resolve?.kind === 'resolve');
  table.scheduler.lookupsStopped(true, table.nowMs);
  table.pass(5 * day - minute);
  table.scheduler.lookupsStopped(false, table.nowMs);
  table.pass(5 * minute);
  assert.deepEqual(table.take(), [], 'its plan has not been looked up again');
  table.scheduler.routeResolved(resolve.route, site, table.nowMs);
  assert.equal(table.connect().site, 's');
});

test('a failed look-up does not lengthen the lifetime of mail that waits for something else', () => {
  const table = new Table({ limits: { perDomain: 0 } }).know({ 'a.example': site });
  table.submit(['a.example']);
  table.scheduler.lookupsStopped(true, table.nowMs);
  table.pass(5 * day);
  assert.deepEqual(kinds(table.take()), ['failed', 'done']);
});

test('no lifetime ends while this host has no address to connect from', () => {
  const table = new Table({ limits: { perDomain: 0 } }).know({ 'a.example': site });
  table.submit(['a.example']);
  table.scheduler.sourcesLack(true);
  table.pass(20 * day);
  assert.deepEqual(table.take(), [], 'no end');
  table.scheduler.sourcesLack(false);
  table.pass(minute);
  assert.deepEqual(table.take(), [], 'there is time for an attempt');
  table.pass(hour);
  assert.deepEqual(kinds(table.take()), ['failed', 'done']);
});

test('while the clock is in doubt, texts show its dates and the journal stores steady ones', () => {
  const table = new Table().know({ 'lame.example': noRoute(false) });
  table.scheduler.setDateShift(0, 7 * hour);
  table.submit(['lame.example']);
  const [deferred] = table.take();
  assert.equal(deferred?.kind === 'deferred' && deferred.nextAttemptAtMs, start + 5 * minute);
  const [row] = table.scheduler.recipients();
  assert.equal(row?.nextAttemptAtMs, start + 5 * minute + 7 * hour);
});
