// The time in which a domain is dormant does not count for the lifetime of its mail.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { foreverMs, Sleeps } from '../../../src/manager/provisioning/sleeps.ts';

function sleeps() {
  const clock = { nowMs: 0, changes: 0 };
  const kept = new Sleeps(
    () => clock.nowMs,
    () => void clock.changes++,
  );
  return { clock, kept };
}

test('mail lives longer by the part of the sleep that it waited through', () => {
  const { clock, kept } = sleeps();
  clock.nowMs = 100;
  kept.saw('a.test', true);
  kept.saw('a.test', true);
  assert.equal(kept.since('a.test', 0), foreverMs);
  clock.nowMs = 300;
  kept.saw('a.test', false);
  assert.deepEqual(
    [0, 150, 300, 999].map((sinceMs) => kept.since('a.test', sinceMs)),
    [200, 150, 0, 0],
  );
  assert.equal(kept.since('b.test', 0), 0);
  assert.equal(clock.changes, 2);
  kept.saw('b.test', false);
  assert.equal(clock.changes, 2);
});

test('what is remembered says the same', () => {
  const step = fc.tuple(fc.nat(1_000), fc.boolean());
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 80 }),
      fc.array(fc.nat(60_000), { maxLength: 10 }),
      (steps, times) => {
        const { clock, kept } = sleeps();
        let asleepMs = 0;
        let isAsleep = false;
        for (const [ms, isDormant] of steps) {
          clock.nowMs += ms;
          if (isAsleep) asleepMs += ms;
          kept.saw('a.test', isDormant);
          isAsleep = isDormant;
        }
        const other = sleeps().kept;
        other.restore(kept.all);
        // Those that became one because there were many are a little longer.
        if (isAsleep) assert.equal(kept.since('a.test', 0), foreverMs);
        else assert.ok(kept.since('a.test', 0) >= asleepMs);
        for (const sinceMs of times) {
          assert.equal(other.since('a.test', sinceMs), kept.since('a.test', sinceMs));
          assert.ok(kept.since('a.test', sinceMs) <= foreverMs);
        }
        assert.ok((kept.all[0]?.sleeps.length ?? 0) <= 50);
      },
    ),
  );
});
