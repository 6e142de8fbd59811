// The whole of Sluice in simulated worlds: real scheduler, manager and segment store on a simulated disk, judged from outside.
// SEEDS=20 makes twenty times as many; `npm run simulate:system` says more.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runSeed } from '../../sim/system/run-seed.ts';

const times = Number(process.env.SEEDS ?? 1);

test('whatever happens, what was answered 250 arrives once or is reported, and no limit is exceeded', async () => {
  const count = 300 * times;
  const seen = { accepted: 0, arrivals: 0, reports: 0, expired: 0, judged: 0 };
  for (let seed = 1; seed <= count; seed++) {
    const { books, limitBooks } = await runSeed(seed);
    seen.accepted += books.seen.accepted;
    seen.arrivals += books.seen.arrivals;
    seen.reports += books.seen.reports;
    seen.expired += books.seen.expired;
    seen.judged += limitBooks.judged;
  }
  // Books that see nothing prove nothing.
  assert.ok(seen.accepted > 10 * count, JSON.stringify(seen));
  assert.ok(seen.arrivals > 10 * count, JSON.stringify(seen));
  assert.ok(seen.reports > count, JSON.stringify(seen));
  assert.ok(seen.expired > count / 2, JSON.stringify(seen));
  assert.ok(seen.judged > 10 * count, JSON.stringify(seen));
});

test('the same seed gives the same run', async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const [first, second] = [await runSeed(seed), await runSeed(seed)];
    assert.equal(first.steps, second.steps, `seed ${seed}`);
    assert.equal(first.fingerprint, second.fingerprint, `seed ${seed}`);
    assert.deepEqual(first.books.seen, second.books.seen, `seed ${seed}`);
  }
});
