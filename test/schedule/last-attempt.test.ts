// The last attempt before the end of a lifetime, or before the last delivery window in it closes: by a table, and for mail that
// fails at any attempt, under random times and windows, in zones whose clocks change.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { Random } from '../../src/schedule/store/random.ts';
import type { Times } from '../../src/schedule/times/mail-times.ts';
import type { ScheduleRule } from '../../src/schedule/times/schedule-rule.ts';
import { nextAttemptMs } from '../../src/schedule/work/retry.ts';
import { DeliveryHours } from '../../src/values/delivery-hours.ts';
import { parseDeliveryWindow } from '../../src/values/delivery-window.ts';
import { parseMoment } from '../../src/values/moment.ts';
import type { Retry } from '../../src/values/retry.ts';
import { configOf, day, hour, minute, noRoute, start, Table } from './table.ts';

function hoursOf(windows: readonly string[], zone = 'UTC'): DeliveryHours {
  return new DeliveryHours(windows.map(parseDeliveryWindow), zone);
}

function timesOf(retry: Retry, lifetimeMs: number, hours?: DeliveryHours): Times {
  return { retry, lifetimeMs, bounceLifetimeMs: lifetimeMs, hours, from: {} };
}

/** The next attempt of mail that came in at `receivedMs` and failed at `nowMs`, in ms after that. */
function nextOf(times: Times, receivedMs: number, nowMs: number, attempts = 1): number {
  const life = {
    nowMs,
    ageMs: nowMs - receivedMs,
    expiresAtMs: receivedMs + times.lifetimeMs,
    dateShiftMs: 0,
  };
  return nextAttemptMs(times, 0, attempts, life, new Random(1)) - nowMs;
}

test('a last attempt is made shortly before the end of the lifetime, and of windows', () => {
  // Thursday
  const from = parseMoment('2026-01-01T06:00Z');
  const office = ['08:00-10:00'];
  const cases: readonly (readonly [string, Retry, number, readonly string[], number, number])[] = [
    // what, times between attempts, lifetime, windows, age now, ms until the next attempt
    ['within the lifetime', [hour], day, [], 0, hour],
    ['beyond it', [6 * hour], day, [], 20 * hour, 4 * hour - 5 * minute],
    ['a little before its end', [6 * hour], day, [], 18 * hour - minute, 6 * hour + minute - 5 * minute],
    ['long times', [4 * day], 5 * day, [], 4 * day, day - 5 * minute],
    ['short times', [10_000, day], hour, [], 10_000, hour - 20_000],
    ['a short lifetime', [hour], 16 * minute, [], 0, 15 * minute],
    ['was tried just now', [day], day, [], day - 9 * minute, 9 * minute],
    ['has time for one', [day], day, [], day - 10 * minute, 5 * minute],
    ['the next window is in time', [6 * hour], 2 * day, office, 2 * hour, 6 * hour],
    ['the next window is too late', [6 * hour], 20 * hour, office, 2 * hour, 2 * hour - 5 * minute],
    ['the window closes soon', [6 * hour], 20 * hour, office, 4 * hour - minute, 6 * hour],
    ['the lifetime ends in a window', [day], 27 * hour, office, 3 * hour, day - 5 * minute],
    ['the last window is short', [2 * day], 3 * day, ['Thu 06:00-07:00', 'Fri 08:00-08:02'], 0, 25.95 * hour],
    ['closed for the rest', [hour], day, ['Sun'], hour, hour],
  ];
  for (const [what, retry, lifetimeMs, windows, ageMs, expected] of cases) {
    const times = timesOf(retry, lifetimeMs, windows.length === 0 ? undefined : hoursOf(windows));
    assert.equal(nextOf(times, from, from + ageMs, ageMs === 10_000 ? 2 : 1), expected, what);
  }
});

test('where clocks go forward, a last window that does not exist is not waited for', () => {
  const berlin = hoursOf(['Sat 20:00-21:00', 'Sun 02:15-02:45'], 'Europe/Berlin');
  const times = timesOf([6 * hour], 12 * hour, berlin);
  const at = parseMoment('2026-03-28T20:10[Europe/Berlin]');
  assert.equal(nextOf(times, at, at), 45 * minute, 'in the night in which clocks change');
  const week = parseMoment('2026-04-04T20:10[Europe/Berlin]');
  assert.equal(nextOf(times, week, week), 6 * hour, 'and a week later');
});

const someRetry: fc.Arbitrary<Retry> = fc.oneof(
  fc.array(fc.integer({ min: minute, max: 2 * day }), { minLength: 1, maxLength: 5 }),
  fc.record({
    curve: fc.constant('exponential' as const),
    firstMs: fc.integer({ min: 1_000, max: hour }),
    factor: fc.constantFrom(1, 1.5, 2, 4),
    mostMs: fc.integer({ min: hour, max: day }),
  }),
  fc.record({
    curve: fc.constant('quadratic' as const),
    firstMs: fc.integer({ min: 1_000, max: hour }),
    mostMs: fc.constant(day),
  }),
);

const someWindow = fc
  .tuple(
    fc.constantFrom('', 'Mon ', 'Sat,Sun ', 'Mon-Fri ', 'Sun '),
    fc.integer({ min: 0, max: 95 }),
    fc.integer({ min: 1, max: 95 }),
  )
  .map(([days, from, length]) => {
    const text = (quarter: number): string =>
      `${String(Math.floor(quarter / 4)).padStart(2, '0')}:${String((quarter % 4) * 15).padStart(2, '0')}`;
    return `${days}${text(from)}-${text((from + length) % 96)}`;
  });

const someHours = fc.option(
  fc
    .tuple(
      fc.array(someWindow, { minLength: 1, maxLength: 3 }),
      fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe'),
    )
    .map(([windows, zone]) => hoursOf(windows, zone)),
  { nil: undefined },
);

/** 2026: clocks go forward on March 29 and back on October 25 in Europe. */
const someStart = fc
  .tuple(fc.constantFrom('2026-03-26T00:00Z', '2026-10-22T00:00Z'), fc.integer({ min: 0, max: 8 * day }))
  .map(([text, later]) => parseMoment(text) + later);

test('mail that fails at each attempt is tried for the last time at the end, or where its last window closes', () => {
  fc.assert(
    fc.property(
      someRetry,
      someHours,
      someStart,
      fc.integer({ min: minute, max: 9 * day }),
      fc.integer(),
      (retry, hours, receivedMs, lifetimeMs, seed) => {
        const times = timesOf(retry, lifetimeMs, hours);
        const random = new Random(seed);
        const expiresAtMs = receivedMs + lifetimeMs;
        const openFrom = (ms: number): number => {
          const state = hours?.at(ms) ?? { isOpen: true, untilMs: Infinity };
          return state.isOpen ? ms : state.untilMs;
        };
        let lastMs = -Infinity;
        let dueMs = receivedMs;
        for (let attempts = 1; openFrom(dueMs) < expiresAtMs; attempts++) {
          const nowMs = openFrom(dueMs);
          assert.ok(nowMs > lastMs, 'time passes between two attempts');
          lastMs = nowMs;
          const life = { nowMs, ageMs: nowMs - receivedMs, expiresAtMs, dateShiftMs: 0 };
          dueMs = nextAttemptMs(times, 0.25, attempts, life, random);
          assert.ok(dueMs > nowMs && dueMs <= expiresAtMs, 'within the lifetime');
          if (attempts > 400) return;
        }
        const endMs = hours === undefined ? expiresAtMs : closesBefore(hours, receivedMs, expiresAtMs);
        if (lastMs === -Infinity) assert.equal(endMs, -Infinity, 'never open');
        else assert.ok(endMs - lastMs < 10 * minute && endMs - lastMs <= lifetimeMs / 8 + 1, 'near the end');
      },
    ),
    { numRuns: 200 },
  );
});

/** The end of the last quarter of an hour in which a window is open: windows, and changes of clocks, are on quarters. */
function closesBefore(hours: DeliveryHours, fromMs: number, endMs: number): number {
  const quarter = 15 * minute;
  for (let ms = endMs - 1; ms >= fromMs; ms = Math.floor(ms / quarter) * quarter - 1) {
    if (hours.at(ms).isOpen) return ms + 1;
  }
  return -Infinity;
}

test('a reload and a restart move a next attempt before a lifetime that ends sooner now', () => {
  const rule: ScheduleRule = { name: 'r', origin: 'test:1', match: {}, lifetimeMs: 2 * hour };
  const table = new Table({ retryMs: [6 * hour] }).know({ 'lame.example': noRoute(false) });
  table.submit(['lame.example']);
  table.take();
  const next = (): number => [...table.scheduler.recipients()][0]!.nextAttemptAtMs - start;
  assert.equal(next(), 6 * hour);
  table.scheduler.reconfigure(configOf({ retryMs: [6 * hour], schedules: [rule] }), table.nowMs);
  assert.equal(next(), 2 * hour - 5 * minute);

  const restarted = new Table({ retryMs: [6 * hour], schedules: [rule] });
  restarted.submit([{ domain: 'lame.example', attempts: 1, nextAttemptAtMs: start + 6 * hour }]);
  const [row] = restarted.scheduler.recipients();
  assert.equal(row!.nextAttemptAtMs - start, 2 * hour - 5 * minute);
});
