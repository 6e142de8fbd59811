// A window that slides, compared with a list of all events.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SlidingCount } from '../../../src/policy/sending/sliding-count.ts';

const minute = 60_000;
const step = minute / 60;
const start = 1_700_000_000_123;

interface Event {
  readonly atMs: number;
  readonly events: number;
}

/** The most events in any period of a minute. */
function mostInAMinute(all: readonly Event[]): number {
  return Math.max(
    0,
    ...all.map(({ atMs: from }) =>
      all.reduce((sum, { atMs, events }) => (atMs >= from && atMs < from + minute ? sum + events : sum), 0),
    ),
  );
}

/** When so many more events are within the limit, by the list of those before. */
function exactlyFreeAtMs(all: readonly Event[], events: number, limit: number, nowMs: number): number {
  for (const atMs of [nowMs, ...all.map((each) => each.atMs + minute)].sort((a, b) => a - b)) {
    if (atMs < nowMs) continue;
    const kept = all.reduce((sum, each) => (each.atMs > atMs - minute ? sum + each.events : sum), 0);
    if (kept + events <= limit) return atMs;
  }
  return Infinity;
}

const arrivals = fc.array(fc.record({ afterMs: fc.nat(20_000), events: fc.integer({ min: 1, max: 6 }) }), {
  maxLength: 80,
});

test('no minute has more than the limit, and nothing waits more than a step longer than it has to', () => {
  fc.assert(
    fc.property(arrivals, fc.integer({ min: 6, max: 40 }), (all, limit) => {
      const count = new SlidingCount('messages', minute);
      const taken: Event[] = [];
      let nowMs = start;
      for (const { afterMs, events } of all) {
        nowMs += afterMs;
        const freeMs = count.freeAtMs(events, limit, nowMs);
        const exactMs = exactlyFreeAtMs(taken, events, limit, nowMs);
        assert.ok(freeMs >= exactMs && freeMs <= exactMs + step, `${freeMs - exactMs} ms later`);
        if (freeMs > nowMs) continue;
        count.add(events, nowMs);
        taken.push({ atMs: nowMs, events });
      }
      assert.ok(mostInAMinute(taken) <= limit);
    }),
  );
});

test('what waits for its turn has it within the limit, in order, however much comes at once', () => {
  fc.assert(
    fc.property(arrivals, fc.integer({ min: 6, max: 40 }), (all, limit) => {
      const count = new SlidingCount('messages', minute);
      const turns: Event[] = [];
      let nowMs = start;
      for (const { afterMs, events } of all) {
        nowMs += afterMs / 10;
        const atMs = count.freeAtMs(events, limit, nowMs);
        assert.ok(atMs >= nowMs);
        count.add(events, atMs);
        turns.push({ atMs, events });
      }
      assert.ok(mostInAMinute(turns) <= limit);
    }),
  );
});

test('what is taken back does not count, and a count goes on as it was after a restart', () => {
  const last = { afterMs: fc.nat(70_000), events: fc.integer({ min: 1, max: 6 }) };
  fc.assert(
    fc.property(arrivals, arrivals, fc.record(last), (kept, dropped, { afterMs, events }) => {
      const one = new SlidingCount('recipients', minute);
      const other = new SlidingCount('recipients', minute);
      let nowMs = start;
      for (const each of kept) {
        nowMs += each.afterMs;
        one.add(each.events, nowMs);
        other.add(each.events, nowMs);
      }
      const back: Event[] = [];
      let atMs = nowMs;
      for (const each of dropped) {
        atMs += each.afterMs / 100;
        one.add(each.events, atMs);
        back.push({ atMs, events: each.events });
      }
      for (const each of back) one.takeBack(each.events, each.atMs);
      const again = SlidingCount.restore(one.save(), nowMs, minute);
      nowMs += afterMs;
      for (const count of [one, again]) {
        assert.equal(count.used(nowMs), other.used(nowMs));
        assert.equal(count.freeAtMs(events, 10, nowMs), other.freeAtMs(events, 10, nowMs));
      }
    }),
  );
});

test('more than the limit at once never fits, and what was counted far in the future was counted by a wrong clock', () => {
  const count = new SlidingCount('messages', minute);
  assert.equal(count.freeAtMs(6, 5, start), Infinity);
  count.add(5, start + 1_000_000);
  assert.equal(count.ahead(start), 5);
  assert.equal(SlidingCount.restore(count.save(), start, 900_000).used(start), 0);
  assert.equal(SlidingCount.restore(count.save(), start, 1_100_000).used(start), 5);
});

test('memory does not grow with the number of events', () => {
  const count = new SlidingCount('messages', minute);
  for (let ms = 0; ms < 200_000; ms += 10) count.add(1, start + ms);
  assert.equal(count.isEmpty(start + 200_000), false);
  assert.ok(count.save().steps.length <= 2 * 62);
  assert.equal(count.isEmpty(start + 270_000), true);
});
