// When mail is tried again: lists and curves.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { type Retry, retryDelayMs, retryText } from '../../src/values/retry.ts';

const minute = 60_000;
const delays = (retry: Retry, count: number): number[] => {
  const list: number[] = [];
  let ageMs = 0;
  for (let attempts = 1; attempts <= count; attempts++) {
    const delay = retryDelayMs(retry, attempts, ageMs);
    list.push(delay);
    ageMs += delay;
  }
  return list;
};

test('a list repeats its last time', () => {
  assert.deepEqual(delays([minute, 5 * minute], 4), [minute, 5 * minute, 5 * minute, 5 * minute]);
});

test('an exponential curve grows by its factor up to its most', () => {
  const retry: Retry = { curve: 'exponential', firstMs: 5 * minute, factor: 2, mostMs: 60 * minute };
  assert.deepEqual(
    delays(retry, 6).map((each) => each / minute),
    [5, 10, 20, 40, 60, 60],
  );
});

test('a quadratic curve has the times of qmail-send: after 400, 1600, 3600 ... seconds', () => {
  const retry: Retry = { curve: 'quadratic', firstMs: 400_000, mostMs: Infinity };
  const list = delays(retry, 5);
  const ages = list.map((_, at) => list.slice(0, at + 1).reduce((sum, each) => sum + each, 0) / 1000);
  assert.deepEqual(ages.map(Math.round), [400, 1_600, 3_600, 6_400, 10_000]);
  // An attempt that came late does not shift the curve by an attempt: the age counts, not how many there were.
  assert.equal(Math.round(retryDelayMs(retry, 1, 3_600_000) / 1000), 2_800);
});

test('every time is positive, finite and at most the most, whatever comes', () => {
  const curves: fc.Arbitrary<Retry> = fc.oneof(
    fc.record({
      curve: fc.constant('exponential' as const),
      firstMs: fc.integer({ min: 1, max: 1e9 }),
      factor: fc.double({ min: 1, max: 100, noNaN: true }),
      mostMs: fc.integer({ min: 1e9, max: 1e12 }),
    }),
    fc.record({
      curve: fc.constant('quadratic' as const),
      firstMs: fc.integer({ min: 1, max: 1e9 }),
      mostMs: fc.integer({ min: 1e9, max: 1e12 }),
    }),
  );
  fc.assert(
    fc.property(curves, fc.nat(70_000), fc.integer({ min: -1e12, max: 1e13 }), (retry, attempts, ageMs) => {
      assert.ok('curve' in retry);
      const delay = retryDelayMs(retry, attempts, ageMs);
      assert.ok(
        delay > 0 && delay <= retry.mostMs,
        `${JSON.stringify(retry)} ${attempts} ${ageMs}: ${delay}`,
      );
    }),
  );
});

test('people are shown the times', () => {
  assert.equal(retryText([5 * minute, 60 * minute]), '5m, 1h');
  const curve = { firstMs: 5 * minute, mostMs: 240 * minute };
  assert.equal(retryText({ curve: 'exponential', factor: 2, ...curve }), 'times 2, from 5m to 4h');
  assert.equal(retryText({ curve: 'quadratic', ...curve }), 'quadratic from 5m to 4h');
});
