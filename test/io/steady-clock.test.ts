// Steady time under a clock that is set: steady time never jumps, dates follow the believed clock, and a restart continues.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { confirmMs, SteadyClock } from '../../src/io/steady-clock.ts';
import type { Stretch } from '../../src/io/timeline.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const year = 365 * day;
const start = 1_700_000_000_000;

/** A machine with a monotonic clock, and a clock that can be set. */
class Machine {
  monotonicMs = 5_000;
  dateMs = start;
  pass(ms: number): this {
    this.monotonicMs += ms;
    this.dateMs += ms;
    return this;
  }
  /** Another process of the same boot. */
  restart({ stretches, run }: SteadyClock): SteadyClock {
    return new SteadyClock({
      stretches,
      run,
      monotonic: () => this.monotonicMs,
      date: () => this.dateMs,
    });
  }
  boot(stretches: readonly Stretch[] = []): SteadyClock {
    return new SteadyClock({
      stretches,
      monotonic: () => this.monotonicMs,
      date: () => this.dateMs,
    });
  }
}

test('without a step steady time is the date', () => {
  const machine = new Machine();
  const clock = machine.boot();
  machine.pass(3 * day);
  assert.equal(clock.observe(), undefined);
  assert.equal(clock.nowMs(), start + 3 * day);
  assert.equal(clock.shiftMs, 0);
});

test('a step of a year is noticed at once, moves nothing, and is believed when the clock keeps to it', () => {
  for (const step of [year, -year]) {
    const machine = new Machine();
    const clock = machine.boot();
    machine.pass(hour);
    clock.observe();
    machine.dateMs += step;
    machine.pass(5_000);
    assert.deepEqual(clock.observe(), { kind: 'stepped', byMs: step });
    assert.equal(clock.nowMs(), start + hour + 5_000);
    assert.equal(clock.dateMs(), start + hour + 5_000, 'dates do not follow yet');
    assert.ok(clock.isInDoubt);
    machine.pass(confirmMs - 1);
    assert.equal(clock.observe(), undefined, 'nor is it told twice');
    machine.pass(1);
    assert.deepEqual(clock.observe(), { kind: 'confirmed', byMs: step });
    assert.equal(clock.nowMs(), start + hour + 5_000 + confirmMs);
    assert.equal(clock.dateMs(), machine.dateMs);
    assert.equal(clock.isInDoubt, false);
  }
});

test('after a step that was taken back, only dates written during it are converted differently', () => {
  const machine = new Machine();
  const clock = machine.boot();
  machine.pass(hour);
  clock.observe();
  machine.dateMs += year;
  clock.observe();
  const wrongDate = machine.dateMs + 1_000;
  machine.pass(4_000);
  machine.dateMs -= year;
  assert.deepEqual(clock.observe(), { kind: 'returned', byMs: year });
  assert.equal(clock.shiftMs, 0);
  assert.equal(clock.steadyOf(wrongDate), start + hour + 1_000);
  assert.equal(clock.steadyOf(start + hour), start + hour);
});

test('a step during a step is another step', () => {
  const machine = new Machine();
  const clock = machine.boot();
  machine.dateMs += year;
  assert.equal(clock.observe()?.kind, 'stepped');
  machine.pass(confirmMs - 1);
  machine.dateMs -= 3 * year;
  assert.deepEqual(clock.observe(), { kind: 'stepped', byMs: -2 * year });
  machine.pass(confirmMs - 1);
  assert.equal(clock.observe(), undefined, 'it has its own time to be confirmed');
  machine.pass(1);
  assert.equal(clock.observe()?.kind, 'confirmed');
});

test('dates follow small steps at once, and steady time never does', () => {
  const machine = new Machine();
  const clock = machine.boot();
  for (const step of [30 * minute, -50 * minute, 20_000]) {
    machine.dateMs += step;
    assert.equal(clock.observe(), undefined);
    assert.equal(clock.dateMs(), machine.dateMs);
    assert.equal(clock.nowMs(), start);
  }
});

test('steady time goes on over a restart; of the time between, an hour at most has passed', () => {
  for (const [offMs, passedMs] of [
    [minute, minute],
    [hour, hour],
    [21 * day, hour],
    [-30 * minute, 0],
    [-year, 0],
  ] as const) {
    const machine = new Machine();
    const before = machine.boot();
    machine.pass(2 * hour);
    before.observe();
    const receivedAtMs = machine.dateMs - minute;
    machine.dateMs += offMs;
    machine.monotonicMs = 7;
    const after = machine.boot(before.stretches);
    assert.equal(after.start.byMs, offMs);
    assert.equal(after.nowMs(), start + 2 * hour + passedMs, `off for ${offMs}`);
    assert.equal(after.dateMs(), machine.dateMs);
    assert.equal(after.steadyOf(receivedAtMs), start + 2 * hour - minute, 'dates of before mean the same');
    const again = machine.pass(minute).boot(after.stretches);
    assert.equal(again.nowMs(), start + 2 * hour + passedMs + minute, 'and once more');
    assert.equal(again.steadyOf(receivedAtMs), start + 2 * hour - minute);
  }
});

test('a date that the clock jumped over is the moment of the jump; a future date counts from now', () => {
  const machine = new Machine();
  const before = machine.boot();
  machine.pass(hour);
  before.observe();
  machine.dateMs += 21 * day;
  const after = machine.boot(before.stretches);
  const nowMs = start + 2 * hour;
  assert.equal(after.steadyOf(start + day), nowMs, 'a retry that was due while the machine was off');
  assert.equal(after.steadyOf(machine.dateMs + 5 * minute), nowMs + 5 * minute);
  assert.equal(after.steadyOf(start - day), start - day, 'from before the memory begins');
});

test('the number of remembered stretches is bounded', () => {
  const machine = new Machine();
  const clock = machine.boot();
  for (let count = 0; count < 200; count++) {
    machine.pass(minute).dateMs += 2 * minute;
    clock.observe();
  }
  assert.equal(clock.stretches.length, 50);
  assert.equal(clock.nowMs(), start + 200 * minute);
});

test('a restart while a step is in doubt believes it, and converts the dates written during it', () => {
  for (const step of [year, -year]) {
    const machine = new Machine();
    const before = machine.boot();
    machine.pass(hour);
    before.observe();
    machine.dateMs += step;
    before.observe();
    machine.pass(minute);
    const receivedAtMs = machine.dateMs;
    machine.pass(minute);
    const { stretches } = before;
    const after = machine.pass(5_000).boot(stretches);
    assert.equal(after.nowMs(), start + hour + 2 * minute + 5_000);
    assert.equal(after.dateMs(), machine.dateMs);
    assert.equal(after.steadyOf(receivedAtMs), start + hour + minute);
    assert.equal(after.steadyOf(start + minute), start + minute);
  }
});

test('mail received between a step and its detection does not become older by it', () => {
  for (const step of [year, -year, 30 * minute]) {
    const machine = new Machine();
    const before = machine.boot();
    machine.pass(hour);
    before.observe();
    machine.pass(2_000);
    machine.dateMs += step;
    machine.pass(1_000);
    const receivedAtMs = machine.dateMs;
    machine.pass(2_000);
    before.observe();
    const after = machine.boot(before.stretches);
    assert.equal(after.steadyOf(receivedAtMs), start + hour + 3_000, String(step));
    assert.equal(before.receivedMs(receivedAtMs), start + hour + 3_000);
  }
});

test('a start on the same boot continues as if there had been none, for any date', () => {
  for (const step of [2 * hour, year, -year]) {
    const machine = new Machine();
    const first = machine.boot();
    machine.pass(hour);
    first.observe();
    machine.dateMs += step;
    machine.pass(minute);
    first.observe();
    const receivedAtMs = machine.dateMs;
    const second = machine.restart(first);
    machine.pass(minute);
    assert.equal(second.observe(), undefined, 'it is told once');
    assert.equal(second.doubtMs, step);
    assert.equal(second.nowMs(), start + hour + 2 * minute);
    assert.equal(second.dateMs(), start + hour + 2 * minute, 'dates do not follow');
    assert.equal(
      second.steadyOf(receivedAtMs),
      start + hour + minute,
      'mail of meanwhile is as old as it is',
    );
    machine.pass(confirmMs - minute - 1);
    assert.equal(second.observe(), undefined);
    machine.pass(1);
    assert.deepEqual(
      second.observe(),
      { kind: 'confirmed', byMs: step },
      'ten minutes after the step, not the start',
    );
    assert.equal(second.steadyOf(receivedAtMs), start + hour + minute);
  }
});

test('a clock that was set between two starts of one boot has made a step, which may be taken back', () => {
  const machine = new Machine();
  const first = machine.boot();
  machine.pass(hour);
  first.observe();
  const { stretches, run } = first;
  machine.pass(3_000);
  machine.dateMs += 2 * hour;
  const second = new SteadyClock({
    stretches,
    run,
    monotonic: () => machine.monotonicMs,
    date: () => machine.dateMs,
  });
  assert.deepEqual(second.observe(), { kind: 'stepped', byMs: 2 * hour });
  assert.equal(second.nowMs(), start + hour + 3_000);
  machine.dateMs -= 2 * hour;
  assert.deepEqual(machine.restart(second).observe(), { kind: 'returned', byMs: 2 * hour });
});

test('while Sluice is stopped on a machine that runs, an hour at most counts, and dates advance by all of it', () => {
  const machine = new Machine();
  const first = machine.boot();
  machine.pass(hour);
  first.observe();
  const receivedAtMs = machine.dateMs - minute;
  const { stretches, run } = first;
  machine.pass(21 * day);
  const second = new SteadyClock({
    stretches,
    run,
    monotonic: () => machine.monotonicMs,
    date: () => machine.dateMs,
  });
  assert.equal(second.observe(), undefined, 'no step');
  assert.equal(second.nowMs(), start + 2 * hour);
  assert.equal(second.dateMs(), machine.dateMs);
  assert.equal(second.steadyOf(receivedAtMs), start + hour - minute);
  assert.equal(second.steadyOf(start + day), start + 2 * hour, 'a retry that was due meanwhile');
});

test('a monotonic clock that is behind the stored reading is not used', () => {
  const machine = new Machine();
  const first = machine.boot();
  machine.pass(hour);
  first.observe();
  const { stretches, run } = first;
  machine.monotonicMs = 1;
  machine.dateMs += minute;
  const second = new SteadyClock({
    stretches,
    run,
    monotonic: () => machine.monotonicMs,
    date: () => machine.dateMs,
  });
  assert.equal(second.start.isMeasured, false);
  assert.equal(second.nowMs(), start + hour + minute);
});

test('dates for people follow the clock of the system', () => {
  const machine = new Machine();
  const clock = machine.boot();
  machine.dateMs += 2 * hour;
  assert.equal(clock.shownOf(clock.nowMs() + minute), machine.dateMs + minute);
  assert.equal(clock.dateOf(clock.nowMs()), start);
});
