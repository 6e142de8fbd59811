// The window of a site, which is its learned limit of connections: growth, trouble, and recovery.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  afterGreeting,
  afterPause,
  afterSuccess,
  afterTrouble,
  atTime,
  newWindow,
  type Window,
} from '../../../src/schedule/adapt/window.ts';

/** A window of a site that has answered. */
function greeted(startConnections: number): Window {
  const window = newWindow(startConnections, 0);
  afterGreeting(window);
  return window;
}

/** Reports `count` successes while the window is full. */
function succeed(window: Window, times: number, nowMs: number): void {
  for (let count = 0; count < times; count++) afterSuccess(window, window.allowed, nowMs);
}

const shown = ({ state, allowed }: Window): string => `${state} ${allowed}`;

test('a site gets one connection until it answers, then its start connections', () => {
  const window = newWindow(5, 0);
  assert.equal(shown(window), 'unknown 1');
  atTime(window, 2_999);
  assert.equal(shown(window), 'unknown 1');
  afterGreeting(window);
  assert.deepEqual([shown(window), window.untilMs], ['start 5', 0]);
  afterTrouble(window, 4, 60_000, '');
  afterGreeting(window);
  assert.equal(shown(window), 'slowed 2');
});

test('while the first connections hang, one more is allowed every few seconds, up to the start connections', () => {
  const window = newWindow(3, 0);
  atTime(window, 3_000);
  assert.deepEqual([shown(window), window.untilMs], ['unknown 2', 6_000]);
  atTime(window, 6_000);
  assert.deepEqual([shown(window), window.untilMs], ['unknown 3', 0]);
  assert.equal(newWindow(1, 0).untilMs, 0);
});

test('at first each success allows one more connection, which doubles the window every round', () => {
  const window = greeted(5);
  succeed(window, 5, 0);
  assert.equal(shown(window), 'start 10');
  succeed(window, 10, 0);
  assert.equal(shown(window), 'start 20');
});

test('a window that is not fully used does not grow', () => {
  const window = greeted(5);
  for (let count = 0; count < 100; count++) afterSuccess(window, 4, 0);
  assert.equal(shown(window), 'start 5');
  afterTrouble(window, 5, 1_000, '421 busy');
  atTime(window, 1_000);
  for (let count = 0; count < 100; count++) afterSuccess(window, 1, 2_000);
  assert.equal(shown(window), 'growing 2');
});

test('trouble halves the window and holds it until its time is over', () => {
  const window = greeted(20);
  afterTrouble(window, 20, 60_000, '421 4.7.0 too many connections');
  assert.equal(shown(window), 'slowed 10');
  assert.equal(window.untilMs, 60_000);
  assert.equal(window.reason, '421 4.7.0 too many connections');
  succeed(window, 100, 59_999);
  assert.equal(shown(window), 'slowed 10');
  atTime(window, 59_999);
  assert.equal(shown(window), 'slowed 10');
  atTime(window, 60_000);
  assert.equal(shown(window), 'growing 10');
  assert.equal(window.untilMs, 0);
});

test('after trouble a whole round of successes allows one more connection', () => {
  const window = greeted(8);
  afterTrouble(window, 8, 1_000, '');
  succeed(window, 4, 1_000);
  assert.equal(shown(window), 'growing 5');
  succeed(window, 4, 1_000);
  assert.equal(shown(window), 'growing 5');
  succeed(window, 1, 1_000);
  assert.equal(shown(window), 'growing 6');
});

test('a size that caused trouble is tried again late, and later each time', () => {
  const minute = 60_000;
  const window = greeted(8);
  afterTrouble(window, 8, 1_000, '');
  // Trouble reported while the window is held belongs to the same event.
  afterTrouble(window, 4, 2_000, '');
  succeed(window, 1_000, 2_000);
  assert.equal(shown(window), 'growing 7');
  succeed(window, 7, 10 * minute);
  assert.equal(shown(window), 'growing 7');
  succeed(window, 7, 10 * minute + 2_000);
  assert.equal(shown(window), 'growing 8');
  afterTrouble(window, 8, 11 * minute, '');
  succeed(window, 1_000, 30 * minute);
  assert.equal(shown(window), 'growing 7');
  succeed(window, 1_000, 31 * minute);
  assert.ok(window.allowed > 20);
  assert.equal(window.ceiling, 0);
});

test('trouble leaves half of the connections in use, and at least one', () => {
  const wide = greeted(100);
  afterTrouble(wide, 6, 1_000, '');
  assert.equal(wide.allowed, 3);
  const narrow = greeted(3);
  afterTrouble(narrow, 3, 1_000, '');
  assert.equal(narrow.allowed, 1);
  afterTrouble(narrow, 1, 1_000, '');
  assert.equal(narrow.allowed, 1);
  afterTrouble(narrow, 0, 1_000, '');
  assert.equal(narrow.allowed, 1);
});

test('more trouble holds the window longer, never shorter', () => {
  const window = greeted(8);
  afterTrouble(window, 8, 60_000, 'first');
  afterTrouble(window, 4, 30_000, 'second');
  assert.equal(shown(window), 'slowed 2');
  assert.equal(window.untilMs, 60_000);
  afterTrouble(window, 2, 90_000, 'third');
  assert.equal(window.untilMs, 90_000);
  assert.equal(window.reason, 'third');
});

test('a pause allows nothing, and ends with one connection that grows slowly', () => {
  const window = greeted(20);
  afterPause(window, 60_000, '421 go away');
  assert.equal(shown(window), 'paused 0');
  succeed(window, 5, 30_000);
  afterTrouble(window, 5, 90_000, '421 from a connection that was open');
  assert.equal(shown(window), 'paused 0');
  assert.deepEqual([window.untilMs, window.reason], [60_000, '421 go away']);
  atTime(window, 60_000);
  assert.equal(shown(window), 'growing 1');
  assert.equal(window.reason, '421 go away');
  succeed(window, 1 + 2 + 3, 60_000);
  assert.equal(shown(window), 'growing 4');
});

test('a pause follows a slow time at once; a second pause does not shorten the first', () => {
  const window = greeted(20);
  afterTrouble(window, 20, 90_000, '');
  afterPause(window, 60_000, '');
  assert.deepEqual([shown(window), window.untilMs], ['paused 0', 60_000]);
  afterPause(window, 30_000, '');
  assert.equal(window.untilMs, 60_000);
  afterPause(window, 70_000, '');
  assert.equal(window.untilMs, 70_000);
});

test('after any events, the window is a whole number, its hold ends by itself, and it grows again', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('success'), used: fc.nat(60) }),
    fc.record({ kind: fc.constant('trouble'), used: fc.nat(60), forMs: fc.nat(100_000) }),
    fc.record({ kind: fc.constant('pause'), used: fc.nat(60), forMs: fc.nat(100_000) }),
    fc.record({ kind: fc.constant('time'), used: fc.nat(100_000) }),
    fc.record({ kind: fc.constant('greeting'), used: fc.nat(60) }),
  );
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 50 }), fc.array(step, { maxLength: 60 }), (start, steps) => {
      const window = newWindow(start, 0);
      let nowMs = 1;
      for (const each of steps) {
        const before = { ...window };
        if (each.kind === 'success') {
          afterSuccess(window, each.used, nowMs);
          assert.ok(window.allowed <= Math.max(1, before.allowed) + 1);
        } else if (each.kind === 'time') {
          nowMs += each.used;
          atTime(window, nowMs);
          assert.ok(window.allowed <= Math.max(1, before.allowed + (before.state === 'unknown' ? 1 : 0)));
        } else if (each.kind === 'greeting') {
          afterGreeting(window);
          assert.ok(window.state !== 'unknown');
        } else if ('forMs' in each && each.kind === 'trouble') {
          afterTrouble(window, each.used, nowMs + each.forMs, '');
          assert.ok(window.allowed <= Math.max(1, before.allowed >> 1) || before.state === 'paused');
        } else if ('forMs' in each) {
          afterPause(window, nowMs + each.forMs, '');
        }
        assert.equal(window.allowed === 0, window.state === 'paused');
        const isHeld = window.state === 'paused' || window.state === 'slowed';
        const isUnanswered = window.state === 'unknown' && window.allowed < start;
        assert.equal(window.untilMs > 0, isHeld || isUnanswered);
        assert.ok(Number.isSafeInteger(window.allowed) && window.fraction <= window.allowed);
      }
      // A ceiling is respected for a day at most.
      nowMs += 25 * 3_600_000;
      atTime(window, nowMs);
      afterGreeting(window);
      const { allowed } = window;
      succeed(window, allowed, nowMs);
      assert.ok(window.allowed > allowed);
    }),
  );
});
