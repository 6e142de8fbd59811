// Virtual time: events happen in the order of their times, and of scheduling where times are equal.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { VirtualClock } from '../../src/simulate/virtual-clock.ts';

test('events happen in the order of their times, and of scheduling where times are equal', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(50), { maxLength: 300 }), (times) => {
      const seen: [number, number][] = [];
      const clock = new VirtualClock(0, (_, first) => seen.push([clock.nowMs, first]));
      for (const [index, atMs] of times.entries()) clock.put(atMs, 1, index, 0);
      while (clock.step(Infinity));
      const expected = times
        .map((atMs, index): [number, number] => [atMs, index])
        .sort((left, right) => left[0] - right[0] || left[1] - right[1]);
      assert.deepEqual(seen, expected);
      assert.equal(clock.step(Infinity), false);
    }),
  );
});

test('events may schedule more events and functions; an event in the past happens now', () => {
  const seen: string[] = [];
  const clock = new VirtualClock(100, (kind, first, second) => {
    seen.push(`${clock.nowMs} ${kind} ${first} ${second}`);
    if (first > 0) clock.put(clock.nowMs + 10, kind, first - 1, second);
  });
  clock.put(120, 3, 2, 7);
  clock.at(130, () => clock.put(1, 4, 0, 0));
  while (clock.step(135));
  assert.deepEqual(seen, ['120 3 2 7', '130 3 1 7', '130 4 0 0']);
  assert.equal(clock.nowMs, 130);
  clock.passTo(139);
  assert.ok(clock.step(140));
  assert.deepEqual(seen.at(-1), '140 3 0 7');
  assert.equal(clock.step(Infinity), false);
});
