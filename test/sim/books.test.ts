// The books of the whole-system simulation: what they let pass, and what they do not.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SimulatedDisk } from '../../sim/disk/simulated-disk.ts';
import { Arrival } from '../../sim/system/arrival.ts';
import { ClockBooks } from '../../sim/system/clock-books.ts';
import { link } from '../../sim/system/link.ts';
import { ReportBooks } from '../../sim/system/report-books.ts';
import { SimProcess } from '../../sim/system/sim-process.ts';
import { Random } from '../../src/schedule/store/random.ts';
import { VirtualClock } from '../../src/simulate/virtual-clock.ts';

test('a report that arrived may be given up only after everybody has forgotten that it did', () => {
  const transaction = {};
  const arrival = new Arrival(0, transaction);
  const known = new ReportBooks();
  known.arrived('report', arrival, 0);
  assert.throws(() => known.noticed('notice', 'report', 0), /and the postmaster was told/);
  arrival.forget(transaction, 'the destination closed the connection');
  const forgotten = new ReportBooks();
  forgotten.arrived('report', arrival, 0);
  forgotten.noticed('notice', 'report', 0);
  assert.throws(() => forgotten.arrived('report', new Arrival(1, {}), 0), /arrived 2 times/);
});

test('a second notice about a report, and a report after its notice, need the end of a manager', () => {
  const noticed = (): ReportBooks => {
    const books = new ReportBooks();
    books.noticed('notice 1', 'report', 0);
    return books;
  };
  assert.throws(() => noticed().noticed('notice 2', 'report', 0), /was told of the report report 2 times/);
  assert.throws(() => noticed().arrived('report', new Arrival(0, {}), 0), /and the postmaster was told/);
  const afterEnd = noticed();
  afterEnd.noticed('notice 2', 'report', 1);
  afterEnd.arrived('report', new Arrival(0, {}), 1);
  assert.throws(() => afterEnd.noticed('notice 3', 'report', 1), /3 times/);
});

test('mail expires too early only with a date that no manager can have known to be wrong', () => {
  const at = { ms: 0 };
  const hour = 3_600_000;
  const books = (): ClockBooks => new ClockBooks(() => at.ms, 15_000);
  /** Does these things at their times. */
  const after = (
    ...acts: readonly (readonly [ms: number, act: (clock: ClockBooks) => void])[]
  ): ClockBooks => {
    const clock = books();
    for (const [ms, act] of acts) {
      at.ms = ms;
      act(clock);
    }
    return clock;
  };
  const set = (clock: ClockBooks): void => clock.set(-72 * hour);
  const ends = (clock: ClockBooks): void => clock.managerEnded();
  assert.equal(after([1_000, set]).isUnknown(2_000), false, 'the next manager sees it');
  assert.equal(after([1_000, set], [1_500, ends]).isUnknown(2_000), false);
  const soon = after([1_000, set], [5_000, set]);
  assert.deepEqual(
    [500, 1_500, 3_000, 5_500].map((ms) => soon.isUnknown(ms)),
    [false, false, true, false],
  );
  assert.equal(after([1_000, set], [9_000, set]).isUnknown(2_000), false, 'a manager has heard of the mail');
  assert.equal(after([1_000, set], [1_500, ends], [9_000, set]).isUnknown(2_000), true);
  assert.equal(after([1_000, set], [3_000, (clock) => clock.set(2_000)]).isUnknown(2_000), false);
});

test('what a process writes to another one that has ended is lost, though it has not noticed the end yet', async () => {
  const ground = { clock: new VirtualClock(0), random: new Random(1), trace: () => undefined };
  const disk = new SimulatedDisk({ seed: 1 });
  const process = (name: string): SimProcess => new SimProcess(ground, name, disk, () => 0);
  const [sender, manager] = [process('sender'), process('manager')];
  const ended: unknown[] = [];
  const [end] = link<string, string>(
    {
      ground,
      overheard: {
        posted: () => undefined,
        left: () => undefined,
        ended: (batch, by) => ended.push([batch, by]),
        taken: () => undefined,
      },
      delayMs: () => 1,
      tellsAfter: 1,
    },
    sender,
    manager,
  );
  sender.stop();
  end.post('done');
  manager.kill();
  while (ground.clock.step(10));
  sender.continue();
  while (ground.clock.step(20));
  assert.deepEqual(ended, [[['done'], undefined]]);
});
