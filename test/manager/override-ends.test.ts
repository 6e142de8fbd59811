// When operators' overrides end, while the clock is in doubt or is set. The timers are mocked.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Overrides } from '../../src/manager/overrides.ts';
import { all, aol, ground, limit, suspend } from './overrides-ground.ts';

test('while another date decides about ends, a suspension goes on; then it ends', async (t) => {
  t.mock.timers.enable({ apis: ['Date', 'setTimeout'], now: 0 });
  const { open } = ground(t);
  const first = await open();
  await first.set(suspend({ forMs: 10_000 }), [aol]);
  await first.close();
  t.mock.timers.setTime(86_400_000);
  let inDoubt = true;
  const heard = Promise.withResolvers<void>();
  const overrides = await open({
    endsMs: () => (inDoubt ? 1_000 : Date.now()),
    changed: () => heard.resolve(),
  });
  assert.equal(overrides.list.length, 1);
  inDoubt = false;
  overrides.datesChanged(0);
  t.mock.timers.tick(1);
  await heard.promise;
  assert.deepEqual(overrides.list, []);
  await overrides.close();
});

for (const [what, stepMs] of [
  ['a year ahead', 365 * 86_400_000],
  ['a year back', -365 * 86_400_000],
] as const) {
  test(`a suspension for an hour lasts an hour, when it is believed that the clock was set ${what}`, async (t) => {
    t.mock.timers.enable({ apis: ['Date', 'setTimeout'], now: 2_000_000_000_000 });
    const { open, path } = ground(t);
    let offsetMs = 0;
    const date = (): number => Date.now() + offsetMs;
    const overrides = await open({ dateMs: date, endsMs: date });
    await overrides.set(suspend({ forMs: 3_600_000 }), [aol]);
    await overrides.set(suspend(), [all]);
    t.mock.timers.tick(600_000);
    // This one waits for its turn while the dates move.
    const late = overrides.set(limit({ connections: 1 }, { forMs: 3_600_000 }), [aol]);
    offsetMs = stepMs;
    overrides.datesChanged(stepMs);
    await late;
    // It comes after the move, which it leaves as it is.
    await overrides.set(limit({ connections: 2 }, { forMs: 3_600_000 }), [all]);
    const left = (list: Overrides['list']) =>
      list.map(({ untilMs }) => (untilMs === undefined ? undefined : untilMs - date()));
    assert.deepEqual(left(overrides.list), [3_000_000, undefined, 3_600_000, 3_600_000]);
    const stored = JSON.parse(readFileSync(path, 'utf8')) as { overrides: Overrides['list'] };
    assert.deepEqual(left(stored.overrides), left(overrides.list));
    t.mock.timers.tick(2_999_999);
    await overrides.unset({ kind: 'limit' }, []);
    assert.equal(overrides.list.length, 4);
    t.mock.timers.tick(1);
    await overrides.unset({ kind: 'limit' }, []);
    assert.equal(overrides.list.length, 3);
  });
}

test('dates that move a little cost no write; together they move ends', async (t) => {
  t.mock.timers.enable({ apis: ['Date', 'setTimeout'], now: 2_000_000_000_000 });
  const { open, path } = ground(t);
  const overrides = await open();
  const [set] = await overrides.set(suspend({ forMs: 3_600_000 }), [aol]);
  const before = readFileSync(path, 'utf8');
  overrides.datesChanged(40_000);
  await overrides.unset({ kind: 'limit' }, []);
  assert.equal(readFileSync(path, 'utf8'), before);
  overrides.datesChanged(40_000);
  await overrides.unset({ kind: 'limit' }, []);
  assert.equal(overrides.list[0]?.untilMs, (set?.untilMs ?? 0) + 80_000);
});
