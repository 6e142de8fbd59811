// Failures of one message are gathered into one report, without delay where nothing more can come, and within seconds where it can.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { ReportedRecipient } from '../../src/manager/reported-recipient.ts';
import { VirtualTimers } from '../../sim/virtual-timers.ts';
import { FailureReports } from '../../src/manager/failure-reports.ts';
import type { MessageHandle } from '../../src/schedule/types.ts';
import { said } from '../refusals.ts';

const ref = { store: 0, place: [1, 0, 1] };

function failed(recipient: number): ReportedRecipient {
  return { recipient, action: 'failed', refusal: said('550 no'), expired: false };
}

function delayed(recipient: number): ReportedRecipient {
  const refusal = said('451 later');
  return { recipient, action: 'delayed', refusal, retryUntilMs: 1, afterMs: 1 };
}

const message = 1 as MessageHandle;
/** Reports that are written at the same time. */
const most = 128;

interface Bench {
  readonly failures: FailureReports;
  /** `QUEUEID: RECIPIENT,...` of each report that was begun. */
  readonly begun: string[];
  /** Messages that were taken. */
  readonly taken: string[];
  /** Messages of which nothing is under way. */
  readonly quiet: Set<string>;
  /** Whether too many reports waited, each time that this changed. */
  readonly told: boolean[];
  /** The same for tenants. */
  readonly toldOf: string[];
  /** Tenants about whose mail no reports can be written: the beginnings of queue ids. */
  readonly unsigned: Set<string>;
  /** Ends the oldest report that is being written. */
  readonly end: () => Promise<void>;
  pass(ms: number): void;
}

function bench(t: TestContext, isThere: (queueId: string) => boolean = () => true): Bench {
  const timers = new VirtualTimers();
  const begun: string[] = [];
  const taken: string[] = [];
  const ends: (() => void)[] = [];
  const quiet = new Set<string>();
  const told: boolean[] = [];
  const toldOf: string[] = [];
  const unsigned = new Set<string>();
  const failures = new FailureReports({
    timers,
    late: (isLate, _, tenant) =>
      tenant === undefined ? told.push(isLate) : toldOf.push(`${tenant} ${isLate}`),
    weightOf: (tenant) => (tenant === 'heavy' ? 2 : 1),
    isUnderWay: (queueId) => !quiet.has(queueId),
    take: (queueId) => {
      taken.push(queueId);
      return isThere(queueId) ? ref : undefined;
    },
    report: (queueId, _, recipients) => {
      begun.push(`${queueId}: ${recipients.map(({ recipient }) => recipient).join(',')}`);
      if (unsigned.has(queueId.replace(/\d+$/u, ''))) return Promise.resolve('later');
      return new Promise((resolve) => ends.push(() => resolve('over')));
    },
  });
  t.after(() => void failures.stop());
  return {
    failures,
    begun,
    taken,
    quiet,
    told,
    toldOf,
    unsigned,
    end: async () => {
      ends.shift()?.();
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    },
    pass: (ms) => {
      const endMs = timers.clock.nowMs + ms;
      while (timers.clock.step(endMs));
      timers.clock.passTo(endMs);
    },
  };
}

test('a message that is done is reported at once', (t) => {
  const { failures, begun } = bench(t);
  failures.add('A', failed(0));
  failures.complete('A');
  assert.deepEqual(begun, []);
  failures.start();
  assert.deepEqual(begun, ['A: 0']);
});

test('recipients that fail one transaction after the other are in one report when the last is through', (t) => {
  const { failures, begun, pass } = bench(t);
  for (let at = 0; at < 30; at++) {
    for (let recipient = at * 100; recipient < at * 100 + 100; recipient++)
      failures.add('A', failed(recipient));
    failures.start();
    pass(200);
  }
  assert.deepEqual(begun, []);
  assert.equal(failures.waiting, 1);
  failures.complete('A');
  failures.start();
  assert.deepEqual(begun, [`A: ${Array.from({ length: 3000 }, (_, index) => index).join(',')}`]);
});

test('while other recipients wait, what has failed is reported a second after the last failure', (t) => {
  const { failures, begun, pass } = bench(t);
  failures.add('A', failed(0));
  failures.start();
  pass(900);
  failures.add('A', failed(1));
  failures.start();
  pass(900);
  assert.deepEqual(begun, []);
  pass(400);
  assert.deepEqual(begun, ['A: 0,1']);
});

test('no failure waits longer than thirty seconds, however many join it', (t) => {
  const { failures, begun, pass } = bench(t);
  for (let recipient = 0; begun.length === 0 && recipient < 100; recipient++) {
    failures.add('A', failed(recipient));
    failures.start();
    pass(500);
  }
  assert.equal(begun.length, 1);
  assert.equal(begun[0]?.split(',').length, 60);
});

test('what has failed is reported at once when no recipient is under way any more, whoever was the last', (t) => {
  const { failures, begun, quiet } = bench(t);
  failures.add('A', failed(0));
  failures.answered('A', message);
  failures.start();
  failures.add('A', failed(1));
  failures.answered('A', message);
  failures.start();
  assert.deepEqual(begun, [], 'a third one is under way');
  quiet.add('A');
  failures.start();
  assert.deepEqual(begun, [], 'nothing was answered');
  failures.answered('A', message);
  failures.start();
  assert.deepEqual(begun, ['A: 0,1']);
  failures.answered('A', message);
  failures.start();
  assert.equal(begun.length, 1);
});

test('a warning waits for its turn, and is about those who wait then', async (t) => {
  const { failures, begun, end } = bench(t);
  for (let at = 0; at < most; at++) {
    failures.add(`M${at}`, failed(0));
    failures.complete(`M${at}`);
  }
  failures.start();
  let waiting = [delayed(0), delayed(1)];
  failures.warn('A', () => waiting);
  waiting = [delayed(1)];
  assert.equal(begun.length, most);
  await end();
  assert.deepEqual(begun.slice(most), ['A: 1']);
});

test('success that is to be reported does not wait: its delivery is booked at once', (t) => {
  const { failures, begun } = bench(t);
  failures.add('A', { recipient: 0, action: 'relayed', host: undefined });
  failures.start();
  assert.deepEqual(begun, ['A: 0']);
});

test('reports are written some at a time, and a message is kept from the moment that it need not wait', async (t) => {
  const { failures, begun, taken, end } = bench(t);
  for (let at = 0; at < 400; at++) {
    failures.add(`M${at}`, failed(0));
    failures.complete(`M${at}`);
  }
  failures.start();
  assert.equal(taken.length, 400);
  assert.equal(begun.length, most);
  assert.equal(failures.waiting, 400);
  for (let at = 0; at < 400; at++) await end();
  assert.equal(begun.length, 400);
  assert.equal(failures.waiting, 0);
});

test('waiting failures are bounded: with more, all are reported', (t) => {
  const { failures, begun } = bench(t);
  for (let recipient = 0; recipient <= 100_000; recipient++) {
    failures.add('A', failed(recipient));
    if (recipient % 1000 === 0) failures.start();
  }
  assert.equal(begun.length, 1);
  assert.equal(failures.waiting, 1);
});

test('tenants take turns, by their weight, whoever was first', async (t) => {
  const { failures, begun, end } = bench(t);
  const add = (tenant: string, count: number): void => {
    for (let at = 0; at < count; at++) {
      failures.add(`${tenant}${at}`, failed(0), tenant);
      failures.complete(`${tenant}${at}`);
    }
    failures.start();
  };
  add('flood', most + 1_000);
  add('heavy', 4);
  add('light', 2);
  for (let at = 0; at < 9; at++) await end();
  const next = begun.slice(most).map((each) => each.replace(/\d*: 0$/u, ''));
  const turn = ['flood', 'heavy', 'heavy', 'light'];
  assert.deepEqual(next, [...turn, ...turn, 'flood']);
});

test('too many reports that wait are told, until they are fewer', async (t) => {
  const { failures, told, end } = bench(t);
  for (let at = 0; at < 20_000 + most; at++) {
    failures.add(`M${at}`, failed(0));
    failures.complete(`M${at}`);
    if (at % 100 === 0) failures.start();
  }
  assert.deepEqual(told, []);
  failures.start();
  assert.deepEqual(told, [true]);
  for (let at = 0; at < 999; at++) await end();
  assert.deepEqual(told, [true]);
  await end();
  assert.deepEqual(told, [true, false]);
});

test('a tenant whose reports cannot be written holds up nobody else, and is paused alone', async (t) => {
  const { begun, end, failures, pass, told, toldOf, unsigned } = bench(t);
  unsigned.add('broken');
  const fail = (tenant: string, count: number): void => {
    for (let at = 0; at < count; at++) {
      failures.add(`${tenant}${at}`, failed(0), tenant);
      failures.complete(`${tenant}${at}`);
    }
    failures.start();
  };
  fail('broken', 50);
  await new Promise(setImmediate);
  assert.deepEqual(toldOf, [], 'a few that wait are no reason to stop its mail');
  fail('broken', 25_000);
  await new Promise(setImmediate);
  assert.deepEqual(toldOf, ['broken true']);
  const before = begun.length;
  fail('other', 3);
  assert.deepEqual(begun.slice(before), ['other0: 0', 'other1: 0', 'other2: 0']);
  // One is tried each second.
  pass(1_000);
  await new Promise(setImmediate);
  assert.deepEqual(
    begun.slice(before + 3).map((each) => each.replace(/\d+: 0$/u, '')),
    ['broken'],
  );
  unsigned.clear();
  pass(1_000);
  for (let at = 0; at < 4; at++) await end();
  assert.deepEqual(toldOf, ['broken true', 'broken false']);
  assert.ok(begun.length > before + 100, 'its reports are written again');
  assert.ok(told.length <= 2);
});

test('a stop tries each report once more that could not be written', async (t) => {
  const { begun, failures, unsigned } = bench(t);
  unsigned.add('broken');
  failures.add('broken1', failed(0), 'broken');
  failures.complete('broken1');
  failures.start();
  await new Promise(setImmediate);
  await failures.stop();
  assert.deepEqual(begun, ['broken1: 0', 'broken1: 0']);
  assert.equal(failures.waiting, 0);
});

test('a message that is gone is reported by nobody', (t) => {
  const { failures, begun } = bench(t, () => false);
  failures.add('A', failed(0));
  failures.complete('A');
  failures.start();
  assert.deepEqual(begun, []);
  assert.equal(failures.waiting, 0);
});

test('a stop waits for nothing: all reports are begun, and it ends with the last of them', async (t) => {
  const { failures, begun, end } = bench(t);
  for (let at = 0; at < 40; at++) failures.add(`M${at}`, failed(0));
  failures.start();
  assert.deepEqual(begun, []);
  let isOver = false;
  const stopped = failures.stop().then(() => (isOver = true));
  for (let at = 0; at < 39; at++) await end();
  assert.equal(begun.length, 40);
  assert.equal(isOver, false);
  await end();
  await stopped;
  assert.equal(failures.waiting, 0);
});

test('a stop without anything to report is over at once, and nothing is begun after it', async (t) => {
  const { failures, begun, pass } = bench(t);
  await failures.stop();
  failures.add('B', failed(0));
  failures.complete('B');
  failures.start();
  pass(20_000);
  assert.deepEqual(begun, []);
});
