// Each alias that leads nowhere is a trouble of its own, within bounds, and for a time.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Deadlines } from '../../../src/io/deadlines.ts';
import { AliasReports } from '../../../src/policy/recipients/alias-reports.ts';
import { Troubles } from '../../../src/stats/troubles.ts';

function fixture() {
  const clock = { now: 0 };
  const deadlines = new Deadlines({ now: () => clock.now });
  const troubles = new Troubles();
  const lines: string[] = [];
  const log = { error: (line: string) => lines.push(line), info: (line: string) => lines.push(line) };
  const pass = (ms: number): void => {
    clock.now += ms;
    deadlines.advance();
  };
  const keys = () => troubles.list.map(({ key, level }) => `${level} ${key}`);
  return { reports: new AliasReports({ deadlines, log, troubles }, 'aliases'), keys, lines, pass };
}

test('a trouble of an alias ends when mail for it is in order, and not when that for another is', () => {
  const { reports, keys, lines, pass } = fixture();
  reports.failed('a@b.test', 'It goes in circles.');
  reports.failed('c@b.test', 'One is gone.', 'warning');
  reports.failed('c@b.test', 'One is gone.', 'warning');
  assert.deepEqual(keys(), ['critical recipients:alias a@b.test', 'warning recipients:alias c@b.test']);
  assert.equal(lines.length, 2);
  reports.worked('c@b.test');
  reports.worked('other@b.test');
  assert.deepEqual(keys(), ['critical recipients:alias a@b.test']);
  pass(3_599_000);
  assert.equal(keys().length, 1);
  pass(3_000);
  assert.deepEqual(keys(), []);
});

test('the number of troubles is bounded', () => {
  const { reports, keys } = fixture();
  for (let at = 0; at < 100; at++) reports.failed(`u${at}@b.test`, 'It goes in circles.');
  assert.equal(keys().length, 21);
  assert.equal(keys().at(-1), 'critical recipients:alias and others');
  reports.close();
  assert.deepEqual(keys(), []);
});
