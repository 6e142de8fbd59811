// The timer wheel that sessions share, on a clock of the test.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Deadline, Deadlines } from '../../src/io/deadlines.ts';

function entry(onExpired: () => void): Deadline {
  return { atMs: Infinity, bucket: -1, expired: onExpired };
}

test('an entry expires once, at its time or within a step after it', () => {
  let now = 5_300;
  const wheel = new Deadlines({ now: () => now });
  let expired = 0;
  wheel.set(
    entry(() => expired++),
    2_000,
  );
  now = 7_200;
  wheel.advance();
  assert.equal(expired, 0, 'never early');
  now = 9_000;
  wheel.advance();
  assert.equal(expired, 1);
  now = 60_000;
  wheel.advance();
  assert.equal(expired, 1);
});

test('a deadline that is moved or cleared expires by its last setting', () => {
  const outcome = fc.array(
    fc.record({ advanceMs: fc.nat(5_000), afterMs: fc.option(fc.integer({ min: 1, max: 2_000_000 })) }),
    {
      maxLength: 30,
    },
  );
  fc.assert(
    fc.property(outcome, (steps) => {
      let now = 1_000_000;
      const wheel = new Deadlines({ now: () => now, buckets: 16 });
      let firedAt = -1;
      let dueAt = Infinity;
      const it = entry(() => {
        firedAt = now;
      });
      const check = () => {
        wheel.advance();
        if (firedAt >= 0) {
          assert.ok(firedAt >= dueAt, `fired at ${firedAt}, due at ${dueAt}`);
          firedAt = -1;
          dueAt = Infinity;
        } else {
          assert.ok(now < dueAt + 1000, `not fired at ${now}, due at ${dueAt}`);
        }
      };
      for (const { advanceMs, afterMs } of steps) {
        now += advanceMs;
        check();
        if (afterMs === null) {
          wheel.clear(it);
          dueAt = Infinity;
        } else {
          wheel.set(it, afterMs);
          dueAt = now + afterMs;
        }
      }
      while (dueAt !== Infinity) {
        now += 700;
        check();
      }
    }),
  );
});

test('an entry that expires may be set again from its own expiry', () => {
  let now = 0;
  const wheel = new Deadlines({ now: () => now });
  let count = 0;
  const it = entry(() => {
    count++;
    if (count < 3) wheel.set(it, 1_000);
  });
  wheel.set(it, 1_000);
  for (; now < 20_000; now += 500) wheel.advance();
  assert.equal(count, 3);
});
