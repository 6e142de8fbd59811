// The state of rates: saved soon after something moved and at the end, restored at the start, never in the way.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { nodeTimers } from '../../src/io/timers.ts';
import { RateState } from '../../src/manager/rate-state.ts';
import { readState } from '../../src/manager/state-file.ts';
import type { SavedRate } from '../../src/schedule/limits/status.ts';
import { nodeFiles } from '../../src/spool/file-layer.ts';
import { keptLog } from '../process/quiet-log.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const spent: SavedRate = {
  rule: 'per domain: aol.com',
  key: 'aol.com',
  quantity: 'message_rate',
  tatMs: 123_456.5,
};

/** A scheduler that has let through what the test says. */
class Keeper {
  now: readonly SavedRate[] = [];
  asked = 0;
  restored: readonly SavedRate[] | undefined;
  rates(): readonly SavedRate[] {
    this.asked++;
    return this.now;
  }
  restoreRates(saved: readonly SavedRate[]): void {
    this.restored = saved;
  }
}

function ground(t: TestContext) {
  const { path: folder, atEnd } = temporaryFolder(t, 'rates');
  const path = join(folder, 'rates.json');
  const log = keptLog();
  const start = (keeper: Keeper) => {
    const state = new RateState({
      path,
      files: nodeFiles,
      timers: nodeTimers,
      keeper,
      log,
      nowMs: Date.now,
    });
    atEnd(() => state.close());
    return state;
  };
  return { path, log, start };
}

test('the used part of a rate is known after a restart', async (t) => {
  const { start } = ground(t);
  const before = new Keeper();
  before.now = [spent];
  await start(before).close();
  const after = new Keeper();
  await start(after).restore(new Map());
  assert.deepEqual(after.restored, [spent]);
});

test('rates that an earlier Sluice saved under another rule id are found under the id of today', async (t) => {
  const { start, path } = ground(t);
  const named = { ...spent, rule: 'named' };
  const rates = [{ ...spent, rule: 'per queue: queue shop', key: 'shop' }, named];
  writeFileSync(path, JSON.stringify({ version: 1, rates }));
  const keeper = new Keeper();
  await start(keeper).restore(new Map([['per queue: queue shop', 'per tenant: tenant shop']]));
  assert.deepEqual(keeper.restored, [{ ...spent, rule: 'per tenant: tenant shop', key: 'shop' }, named]);
});

test('a hundred events in a second are saved once', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { start } = ground(t);
  const keeper = new Keeper();
  const state = start(keeper);
  for (let i = 0; i < 100; i++) state.touched();
  t.mock.timers.tick(999);
  assert.equal(keeper.asked, 0);
  t.mock.timers.tick(1);
  assert.equal(keeper.asked, 1);
  t.mock.timers.tick(60_000); // nothing moved since
  assert.equal(keeper.asked, 1);
  state.touched();
  t.mock.timers.tick(1_000);
  assert.equal(keeper.asked, 2);
  await state.close();
  state.touched();
  t.mock.timers.tick(60_000);
  assert.equal(keeper.asked, 3); // by the end, and not after it
});

test('without rates there is no file', async (t) => {
  const { start, path } = ground(t);
  await start(new Keeper()).close();
  assert.equal(existsSync(path), false);
});

test('rates that are no longer used up are forgotten', async (t) => {
  const { start, path } = ground(t);
  const keeper = new Keeper();
  keeper.now = [spent];
  await start(keeper).close();
  const later = new Keeper();
  const state = start(later);
  await state.restore(new Map());
  await state.close();
  assert.deepEqual(await readState(path), { version: 2, rates: [] });
});

for (const [name, content] of [
  ['empty', ''],
  ['cut off', '{"version":1,"rates":[{"rule":"x"'],
  ['without its checksum', '{"version":2,"rates":[]}'],
  [
    'with a time that cannot be',
    '{"version":1,"rates":[{"rule":"x","key":"y","quantity":"message_rate","tatMs":9e15}]}',
  ],
  ['something else', '{"version":1,"rates":[{"rule":"x","key":"y","quantity":"speed","tatMs":1}]}'],
] as const) {
  test(`a file that is ${name} is no error: rates begin afresh, and the log says so`, async (t) => {
    const { start, path, log } = ground(t);
    writeFileSync(path, content);
    const keeper = new Keeper();
    const state = start(keeper);
    await state.restore(new Map());
    assert.equal(keeper.restored, undefined);
    assert.match(log.lines.join('\n'), /^warn rates begin afresh: .*rates\.json cannot be read: /);
    keeper.now = [spent];
    await state.close();
    await start(keeper).restore(new Map());
    assert.deepEqual(keeper.restored, [spent]);
  });
}

test('a disk that cannot be written is logged once, and stops nothing', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { start, path, log } = ground(t);
  mkdirSync(`${path}.new`);
  const keeper = new Keeper();
  keeper.now = [spent];
  const state = start(keeper);
  state.touched();
  t.mock.timers.tick(1_000);
  await state.close();
  assert.equal(log.lines.length, 1);
  assert.match(log.lines[0] ?? '', /^warn saving the state of rates in .*rates\.json failed: /);
});
