// The sums over all processes: whatever is started again, they never get smaller, and nothing counts twice.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Totals } from '../../src/statistics/totals.ts';

test('what a process tells again counts once, and a process that was started again goes on', () => {
  const totals = new Totals();
  totals.told('manager', 1, { delivered: 5 });
  totals.told('manager', 1, { delivered: 7, deferred: 1 });
  totals.ended(1);
  totals.told('manager', 8, { delivered: 2 });
  assert.deepEqual(totals.all, { manager: { delivered: 9, deferred: 1 } });
});

test('the last words of a process that has ended already count, too', () => {
  const totals = new Totals();
  totals.told('sender', 1, { delivered: 5 });
  totals.ended(1);
  totals.told('sender', 2, { delivered: 1 });
  totals.told('sender', 1, { delivered: 6 });
  assert.deepEqual(totals.all, { sender: { delivered: 7 } });
});

test('processes of one role are added up, and roles are kept apart', () => {
  const totals = new Totals();
  totals.told('receiver', 1, { rejected: 1 });
  totals.told('receiver', 2, { rejected: 2 });
  totals.told('manager', 3, { received: 4 });
  assert.deepEqual(totals.all, { receiver: { rejected: 3 }, manager: { received: 4 } });
});

const step = fc.record({ slot: fc.nat(3), grown: fc.nat(9), dies: fc.boolean(), isHeard: fc.boolean() });

test('any lives of processes come to the sum of what was heard of each, and no sum shrinks', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const totals = new Totals();
      const heard = new Map<number, number>();
      const slots = [0, 1, 2, 3].map((serial) => ({ serial, count: 0 }));
      let serials = slots.length;
      let before = 0;
      for (const { slot, grown, dies, isHeard } of steps) {
        const process = slots[slot]!;
        process.count += grown;
        if (isHeard) {
          totals.told('receiver', process.serial, { rejected: process.count });
          heard.set(process.serial, process.count);
        }
        if (dies) {
          totals.ended(process.serial);
          slots[slot] = { serial: serials++, count: 0 };
        }
        const now = totals.all['receiver']?.['rejected'] ?? 0;
        assert.ok(now >= before);
        assert.equal(
          now,
          [...heard.values()].reduce((sum, count) => sum + count, 0),
        );
        before = now;
      }
    }),
  );
});
