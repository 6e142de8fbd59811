// The watch over the system's clock: what it logs and shows, and what a new start knows.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { nodeTimers } from '../../src/io/timers.ts';
import { ClockWatch } from '../../src/manager/clock-watch.ts';
import { nodeFiles } from '../../src/spool/file-layer.ts';
import { Troubles } from '../../src/stats/troubles.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { keptLog } from '../process/quiet-log.ts';

const minute = 60_000;
const day = 86_400_000;
const start = 1_700_000_000_000;

function ground(t: TestContext) {
  const folder = temporaryFolder(t, 'clock');
  const path = join(folder.path, 'clock.json');
  const machine = { monotonicMs: 0, dateMs: start, boot: undefined as string | undefined };
  const log = keptLog();
  const troubles = new Troubles();
  /** Shifts that were told. */
  const shifts: number[] = [];
  const moves: number[] = [];
  const boot = async (): Promise<ClockWatch> => {
    const watch = await ClockWatch.open({
      path,
      files: nodeFiles,
      timers: nodeTimers,
      changed: (shiftMs, byMs) => {
        shifts.push(shiftMs);
        moves.push(byMs);
      },
      log,
      troubles,
      boot: machine.boot,
      monotonic: () => machine.monotonicMs,
      date: () => machine.dateMs,
    });
    folder.atEnd(() => watch.close());
    return watch;
  };
  const pass = (ms: number): void => {
    machine.monotonicMs += ms;
    machine.dateMs += ms;
  };
  const keys = (): string[] => troubles.list.map(({ key }) => key);
  return { path, machine, log, boot, pass, keys, troubles, shifts, moves };
}

test('a step is logged and shown until it is confirmed; then dates follow', async (t) => {
  const { machine, log, boot, pass, keys, troubles, shifts } = ground(t);
  const watch = await boot();
  watch.look();
  assert.deepEqual(keys(), []);
  machine.dateMs += 365 * day;
  watch.look();
  assert.deepEqual(keys(), ['clock']);
  assert.match(troubles.list[0]?.text ?? '', /^The system's clock was set 365 days ahead: /);
  pass(9 * minute);
  watch.look();
  assert.deepEqual([keys(), shifts], [['clock'], []]);
  pass(minute);
  watch.look();
  assert.deepEqual([keys(), shifts], [[], [365 * day]]);
  assert.equal(
    log.lines.filter((line) => /clock/.test(line)).length,
    2,
    'once at the beginning, once at the end',
  );
});

test('an operator can confirm a step, and a start under another clock, at once', async (t) => {
  const { machine, boot, pass, keys, shifts } = ground(t);
  const watch = await boot();
  assert.equal(watch.confirm(), undefined, 'nothing is in doubt');
  machine.dateMs += 2 * day;
  pass(minute);
  assert.equal(watch.confirm(), 2 * day, 'also one that nobody has noticed yet');
  assert.deepEqual([keys(), shifts], [[], [2 * day]]);
  pass(20 * minute);
  watch.look();
  assert.deepEqual([keys(), shifts], [[], [2 * day]]);
  await watch.close();

  machine.dateMs -= 5 * day;
  const later = await boot();
  assert.deepEqual(keys(), ['clock']);
  assert.equal(later.confirm(), -5 * day);
  assert.deepEqual(keys(), []);
  assert.equal(later.confirm(), undefined);
});

test('it is told by how much dates have moved: by each step that is believed, and not at a start', async (t) => {
  const { machine, boot, pass, moves } = ground(t);
  const watch = await boot();
  machine.dateMs += 365 * day;
  watch.look();
  pass(10 * minute);
  watch.look();
  machine.dateMs -= 2 * day;
  watch.confirm();
  machine.dateMs += 5 * day;
  watch.look();
  machine.dateMs -= 5 * day;
  watch.look();
  assert.deepEqual(moves, [365 * day, -2 * day]);
  await watch.close();

  machine.dateMs -= 50 * day;
  const later = await boot();
  assert.equal(later.confirm(), -50 * day);
  assert.deepEqual(moves.slice(2), [0]);
});

test('a clock that comes back ends the trouble', async (t) => {
  const { machine, boot, keys } = ground(t);
  const watch = await boot();
  machine.dateMs -= 2 * day;
  watch.look();
  assert.deepEqual(keys(), ['clock']);
  machine.dateMs += 2 * day;
  watch.look();
  assert.deepEqual(keys(), []);
});

test('a start after three weeks is no trouble; one under a clock that is far behind is, for a while', async (t) => {
  for (const [offMs, troubled] of [
    [21 * day, false],
    [-21 * day, true],
    [400 * day, true],
  ] as const) {
    const { machine, boot, pass, keys } = ground(t);
    await (await boot()).close();
    machine.dateMs += offMs;
    const watch = await boot();
    assert.deepEqual(keys(), troubled ? ['clock'] : [], String(offMs));
    pass(10 * minute);
    watch.look();
    assert.deepEqual(keys(), []);
  }
});

test('mail of a moment in which the clock was wrong has its true age after a restart', async (t) => {
  const { machine, boot, pass, log } = ground(t);
  machine.boot = 'this one';
  const first = await boot();
  pass(1_000);
  first.lookIfStepped();
  machine.dateMs -= 3 * day;
  pass(1_000);
  const receivedAtMs = machine.dateMs;
  first.lookIfStepped();
  pass(1_000);
  machine.dateMs += 3 * day;
  first.look();
  pass(1_000);
  await first.close();
  const second = await boot();
  assert.equal(second.clock.nowMs(), start + 4_000);
  assert.equal(second.clock.steadyOf(receivedAtMs), start + 2_000);
  assert.equal(log.lines.filter((line) => /was set 3 days back/.test(line)).length, 1);
});

test('the date that was seen last is written down every minute', async (t) => {
  const { machine, boot, pass } = ground(t);
  const watch = await boot();
  for (let count = 0; count < 12; count++) {
    pass(5_000);
    watch.look();
  }
  // A second writer waits for the first: what was asked for before is on the disk.
  await watch.close();
  const later = await boot();
  assert.equal(later.clock.start.lastSeenMs, machine.dateMs);
});

test('a file that cannot be read is logged, and time begins now', async (t) => {
  const { path, log, boot, keys } = ground(t);
  writeFileSync(path, '{"version":1,"stretches":[{"fromMs":"x"}]}');
  const watch = await boot();
  assert.equal(watch.clock.nowMs(), start);
  assert.deepEqual(keys(), []);
  assert.ok(
    log.lines.some((line) => /the clock is taken to be right: .*clock\.json cannot be read/.test(line)),
  );
});

test('a restarted manager continues with the earlier clock: a step stays in doubt', async (t) => {
  const { machine, boot, pass, keys, path } = ground(t);
  machine.boot = 'this one';
  const first = await boot();
  pass(minute);
  machine.dateMs += 2 * 3_600_000;
  first.look();
  // The file is what a manager that is killed leaves behind.
  await first.close();
  const left = readFileSync(path);
  pass(5_000);
  const second = await boot();
  assert.deepEqual(keys(), ['clock']);
  assert.equal(second.clock.dateMs(), start + minute + 5_000);
  assert.equal(second.endsMs(), start + minute + 5_000);
  machine.dateMs -= 2 * 3_600_000;
  second.look();
  assert.deepEqual(keys(), []);
  await second.close();

  writeFileSync(path, left);
  machine.boot = 'another one';
  machine.dateMs += 2 * 3_600_000;
  const third = await boot();
  assert.equal(
    third.clock.dateMs(),
    machine.dateMs,
    'nothing is known on another boot: the date is believed',
  );
});

test('a start far ahead of the last seen date ends no override while the clock is in doubt', async (t) => {
  const { machine, boot, pass, shifts } = ground(t);
  machine.boot = 'one';
  await (await boot()).close();
  machine.boot = 'two';
  machine.dateMs += 365 * day;
  const watch = await boot();
  assert.equal(watch.endsMs(), start + 60 * minute);
  pass(9 * minute);
  watch.look();
  assert.equal(watch.endsMs(), start + 69 * minute);
  assert.equal(shifts.length, 0);
  pass(minute);
  watch.look();
  assert.equal(watch.endsMs(), machine.dateMs);
  assert.equal(shifts.length, 1, 'those who wait for a date hear that it is another one');
});

for (const [name, content] of [
  ['has a date that cannot be', '{"version":1,"stretches":[{"fromMs":1,"toMs":9e15,"shiftMs":5e14}]}'],
  ['has a shift that makes no time', '{"version":1,"stretches":[{"fromMs":1,"toMs":2,"shiftMs":2e14}]}'],
  ['ends before it begins', '{"version":1,"stretches":[{"fromMs":2,"toMs":1,"shiftMs":0}]}'],
  ['has lost its checksum', '{"version":2,"stretches":[{"fromMs":1,"toMs":1,"shiftMs":0}]}'],
  ['has a wrong checksum', '{"version":2,"stretches":[],"checksum":"00000000"}'],
  ['is no object', '7'],
] as const) {
  test(`a file that ${name} stops no start`, async (t) => {
    const { path, log, boot } = ground(t);
    writeFileSync(path, content);
    const watch = await boot();
    assert.equal(watch.clock.nowMs(), start);
    assert.ok(log.lines.some((line) => line.includes('the clock is taken to be right')));
  });
}
