// One report for all, and several only where one would be too large to be sent.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { splitReport } from '../../src/bounce/split-report.ts';

function recipients(count: number, said: string): { address: string; refusal: { lines: string[] } }[] {
  return Array.from({ length: count }, (_, at) => ({
    address: `u${at}@example.net`,
    refusal: { lines: [said] },
  }));
}

test('thousands of recipients with long answers are one report', () => {
  assert.equal(splitReport(recipients(3_000, '550-5.1.1 nobody '.repeat(40))).length, 1);
});

test('more than can be sent is split, in order, and nobody is lost or told twice', () => {
  const all = recipients(20_000, 'x'.repeat(2_000));
  const reports = splitReport(all);
  assert.equal(reports.length, 12);
  assert.deepEqual(reports.flat(), all);
  // All but the last are full.
  const [first] = reports;
  assert.ok(reports.slice(0, -1).every((report) => Math.abs(report.length - (first?.length ?? 0)) <= 5));
});

test('nobody makes no report', () => {
  assert.deepEqual(splitReport([]), []);
});
