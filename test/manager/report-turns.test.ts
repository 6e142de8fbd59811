// Reports of tenants that wait for their turn: nobody is passed over, whatever comes when.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ReportTurns } from '../../src/manager/report-turns.ts';

test('each tenant gets its reports in their order, and never waits for more than a turn of each other one', () => {
  const weights: Readonly<Record<string, number>> = { a: 1, b: 3, c: 2 };
  const step = fc.oneof(fc.constantFrom('a', 'b', 'c'), fc.constant('take' as const));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
      const turns = new ReportTurns<string>((tenant) => weights[tenant] ?? 1);
      const waiting = new Map<string, string[]>([
        ['a', []],
        ['b', []],
        ['c', []],
      ]);
      /** Reports that others got while this tenant waited. */
      const passed = new Map<string, number>();
      let number = 0;
      for (const each of steps) {
        if (each !== 'take') {
          const report = `${each}${number++}`;
          turns.add(each, report);
          waiting.get(each)?.push(report);
          continue;
        }
        const taken = turns.take();
        const left = [...waiting.values()].reduce((sum, { length }) => sum + length, 0);
        if (taken === undefined) {
          assert.equal(left, 0);
          continue;
        }
        const tenant = taken.slice(0, 1);
        assert.equal(waiting.get(tenant)?.shift(), taken);
        assert.equal(turns.size, left - 1);
        for (const [other, reports] of waiting) {
          passed.set(other, other === tenant || reports.length === 0 ? 0 : (passed.get(other) ?? 0) + 1);
          const others = Object.entries(weights).filter(([name]) => name !== other);
          assert.ok((passed.get(other) ?? 0) <= others.reduce((sum, [, weight]) => sum + weight, 0));
        }
      }
    }),
  );
});

test('a long line is taken from in its order, and gives back its room', () => {
  const turns = new ReportTurns<number>(() => 1);
  let next = 0;
  for (let number = 0; number < 10_000; number++) turns.add('', number);
  for (; next < 9_000; next++) assert.equal(turns.take(), next);
  for (let number = 10_000; number < 12_000; number++) turns.add('', number);
  for (; next < 12_000; next++) assert.equal(turns.take(), next);
  assert.equal(turns.take(), undefined);
  assert.equal(turns.size, 0);
});

test('a tenant that is set aside has no turns, keeps the order of its reports, and has turns again when it is resumed', () => {
  const step = fc.constantFrom('add a', 'add b', 'take', 'aside', 'try', 'resume');
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const turns = new ReportTurns<string>(() => 1);
      const waiting: Record<string, string[]> = { a: [], b: [] };
      let isAside = false;
      let number = 0;
      const took = (report: string | undefined): void => {
        const line = waiting[report?.slice(0, 1) ?? ''];
        if (report !== undefined) assert.equal(line?.shift(), report);
      };
      for (const each of steps) {
        const tenant = each === 'add a' ? 'a' : 'b';
        if (each.startsWith('add')) {
          const report = `${tenant}${number++}`;
          turns.add(tenant, report);
          waiting[tenant]?.push(report);
        } else if (each === 'take') {
          const report = turns.take();
          assert.ok(!isAside || report?.startsWith('a') !== true);
          took(report);
        } else if (each === 'try') {
          const report = turns.takeAside('a');
          assert.ok(isAside || report === undefined);
          took(report);
        } else if (each === 'aside') {
          const report = `a${number++}`;
          turns.setAside('a', report);
          waiting['a']?.unshift(report);
          isAside = true;
        } else {
          assert.equal(turns.resume('a'), isAside);
          isAside = false;
        }
        assert.equal(turns.size, waiting['a']!.length + waiting['b']!.length);
        assert.equal(turns.sizeAside('a'), isAside ? waiting['a']!.length : 0);
      }
    }),
  );
});
