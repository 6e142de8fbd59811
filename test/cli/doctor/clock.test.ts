// The clock, as `sluice doctor` judges it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ClockFacts, clockFindings } from '../../../src/cli/doctor/clock.ts';

const nowMs = Date.UTC(2026, 10, 29, 12);
const right: ClockFacts = {
  nowMs,
  marks: [
    { path: '/a', atMs: nowMs - 86_400_000 },
    { path: '/b', atMs: nowMs + 60_000 },
  ],
  synchronised: { by: 'chronyc', isSo: true },
};

const cases: readonly (readonly [name: string, change: Partial<ClockFacts>, codes: readonly string[]])[] = [
  ['a clock that is kept', {}, []],
  ['no mark to compare with', { marks: [] }, []],
  [
    'a clock that is not kept',
    { synchronised: { by: 'timedatectl', isSo: false } },
    ['clock-unsynchronised'],
  ],
  ['nobody knows', { synchronised: undefined }, ['clock-unknown']],
  ['a clock that was set back', { marks: [{ path: '/c', atMs: nowMs + 7_200_000 }] }, ['clock-behind']],
];

for (const [name, change, codes] of cases) {
  test(name, () => {
    assert.deepEqual(
      clockFindings({ ...right, ...change }).map(({ code }) => code),
      codes,
    );
  });
}
