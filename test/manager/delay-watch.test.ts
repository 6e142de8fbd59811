// Warnings that mail waits, through the manager's ports on virtual time: one report about all recipients that wait, once for each
// step, also over a restart; nothing about held mail, about mail of programs, and about those for whom none is wanted.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { DsnNotify } from '../../src/message/envelope.ts';
import type { RecoveredMessage } from '../../src/spool/types.ts';
import { deferred, delivered, failed, ground, type GroundOptions, startMs } from './assembled.ts';
import { MemoryStore } from './memory-store.ts';

const hourMs = 3_600_000;

const config = (warnAfter: string): string => `
spool = "/spool"
[adapt]
enabled = false
[queue]
retry = ["50m"]
retry_jitter = 0
[bounce]
warn_after = ${warnAfter}
`;

/** A manager whose sender defers each recipient of each transaction, except what a test lists. */
async function deferring(
  t: TestContext,
  options: GroundOptions & { readonly good?: ReadonlySet<string> } = {},
) {
  const at = await ground(t, { config: config('["4h", "1d"]'), ...options });
  const sender = await at.sender(1);
  let answered = 0;
  const answer = async (): Promise<void> => {
    for (let all = sender.all('connect'); answered < all.length; all = sender.all('connect')) {
      const { connection, work } = all[answered++]!;
      if (work.queueId.startsWith('R')) continue;
      await sender.done(connection, work.recipients.map(deferred), false);
      await sender.closed(connection);
    }
  };
  /** Lets time pass, and answers what is tried meanwhile. */
  const pass = async (ms: number): Promise<void> => {
    for (let left = ms; left > 0; left -= 60_000) {
      await at.timers.pass(Math.min(left, 60_000));
      await answer();
    }
  };
  await answer();
  return { ...at, sender, answer, pass };
}

function textOf(store: MemoryStore, report: number): string {
  return Buffer.concat(store.reports[report]?.content ?? []).toString();
}

/** The recipients that a report tells as delayed. */
function delayedIn(text: string): string[] {
  return [...text.matchAll(/Final-Recipient: rfc822; (\S+)\r\nAction: delayed\r\n/gu)].map(
    (match) => match[1] ?? '',
  );
}

test('the sender is told once, about all that wait, with the last error and the end of the lifetime', async (t) => {
  const { store, submit, pass } = await deferring(t);
  const id = await submit('u@a.test', 'v@b.test', 'w@b.test');
  await pass(4 * hourMs - 60_000);
  assert.equal(store.reports.length, 0);
  await pass(3 * 60_000);
  assert.equal(store.reports.length, 1);
  const text = textOf(store, 0);
  assert.deepEqual(delayedIn(text), ['u@a.test', 'v@b.test', 'w@b.test']);
  assert.match(text, /^Subject: Your message is delayed, and will be tried again\r$/mu);
  const group =
    /Final-Recipient: rfc822; u@a\.test\r\nAction: delayed\r\nStatus: 4\.3\.2\r\nRemote-MTA: dns; mx\.to\.test\r\nDiagnostic-Code: smtp; 451 4\.3\.2 not now\r\nWill-Retry-Until: (.*)\r\n/u;
  const untilMs = Date.parse(group.exec(text)?.[1] ?? '');
  assert.equal(untilMs, startMs + 5 * 24 * hourMs);
  // A crash between the two repeats the report, and never loses it.
  assert.deepEqual(
    store.told.filter((line) => !line.includes('deferred')),
    ['report R0', `settle warned ${id}`],
  );
  assert.equal(store.reports[0]?.envelope.reversePath, '');
});

test('each step is told once, and none of a recipient that is done', async (t) => {
  const { store, submit, pass, sender } = await deferring(t);
  await submit('u@a.test', 'v@b.test');
  const [a] = sender.all('connect');
  await sender.done(a!.connection, [delivered(0)]);
  await pass(23 * hourMs);
  assert.deepEqual(delayedIn(textOf(store, 0)), ['v@b.test']);
  assert.equal(store.reports.length, 1);
  await pass(2 * hourMs);
  assert.equal(store.reports.length, 2);
  await pass(24 * hourMs);
  assert.equal(store.reports.length, 2);
});

test('mail that was never tried is told of as well, and why', async (t) => {
  const at = await ground(t, { config: config('["4h"]') });
  await at.submit('u@a.test');
  await at.timers.pass(4 * hourMs + 120_000);
  const text = textOf(at.store, 0);
  assert.deepEqual(delayedIn(text), ['u@a.test']);
  assert.match(text, /Status: 4\.4\.5\r\nDiagnostic-Code: x-sluice; not tried yet/u);
});

test('a schedule has times of its own, for each recipient, and a closed window is the reason', async (t) => {
  const schedule = `
[[schedule]]
name = "night"
domain = ["b.test"]
warn_after = ["1h", "6h"]
windows = ["Sun 03:00-03:01"]
zone = "UTC"`;
  const { store, submit, pass } = await deferring(t, { config: `${config('["4h"]')}${schedule}` });
  await submit('u@a.test', 'v@b.test');
  const told: string[][] = [];
  for (const hours of [1, 3, 2, 10]) {
    await pass(hours * hourMs + 120_000);
    told.push(store.reports.flatMap((_, at) => delayedIn(textOf(store, at))));
  }
  assert.deepEqual(told, [
    ['v@b.test'],
    ['v@b.test', 'u@a.test'],
    ['v@b.test', 'u@a.test', 'v@b.test'],
    ['v@b.test', 'u@a.test', 'v@b.test'],
  ]);
  assert.match(
    textOf(store, 0),
    /x-sluice; not tried yet: window opens at [-0-9]+ 03:00\r\n \(UTC\), by the schedule night\r/u,
  );
});

const notifyOf = (given: Partial<DsnNotify>): DsnNotify => ({
  never: false,
  success: false,
  failure: false,
  delay: false,
  ...given,
});

test('NOTIFY decides who is told of; nobody left: no report, and it is not looked up again', async (t) => {
  const { store, submit, pass } = await deferring(t);
  const recipients = [
    { address: 'never@a.test', notify: notifyOf({ never: true }) },
    { address: 'failure@a.test', notify: notifyOf({ failure: true }) },
    { address: 'delay@a.test', notify: notifyOf({ delay: true }) },
    { address: 'none@a.test' },
  ];
  await submit(...recipients);
  const quiet = await submit(...recipients.slice(0, 2));
  await pass(5 * hourMs);
  assert.deepEqual(
    store.reports.map((_, at) => delayedIn(textOf(store, at))),
    [['delay@a.test', 'none@a.test']],
  );
  assert.equal(store.told.filter((line) => line === `settle warned ${quiet}`).length, 1);
});

test('with warn_after = [] nobody is told, and a reload changes that', async (t) => {
  const { store, submit, pass, reload } = await deferring(t, { config: config('[]') });
  await submit('u@a.test');
  await pass(30 * hourMs);
  assert.equal(store.reports.length, 0);
  await reload(config('["6h", "20h"]'));
  await pass(5 * 60_000);
  assert.equal(store.reports.length, 1, 'one report for the two steps that are over');
  await reload(config('["6h"]'));
  await reload(config('["6h", "20h", "31h"]'));
  await pass(2 * hourMs);
  assert.equal(store.reports.length, 2);
});

test('held and quarantined mail causes no report until it is released', async (t) => {
  const { store, submit, submitHeld, pass, ask } = await deferring(t);
  const id = await submit('u@a.test');
  await submitHeld('spam', 'v@a.test');
  await ask('queue.change', { action: 'hold', filter: { ids: [id] } });
  await pass(6 * hourMs);
  assert.equal(store.reports.length, 0);
  await ask('queue.change', { action: 'release', filter: { ids: [id] } });
  await pass(15 * 60_000);
  assert.deepEqual(
    store.reports.map((_, at) => delayedIn(textOf(store, at))),
    [['u@a.test']],
  );
});

test('what failed is not told to wait', async (t) => {
  const { store, submit, pass, sender } = await deferring(t);
  await submit('u@a.test');
  await sender.done(sender.all('connect')[0]!.connection, [failed(0)], false);
  await pass(5 * hourMs);
  assert.equal(store.reports.length, 1);
  assert.match(textOf(store, 0), /Action: failed/u);
});

/** A message that waits since before a restart. */
function recovered(
  store: MemoryStore,
  ageMs: number,
  warnedAfterMs?: number,
  reversePath = 'a@from.test',
): RecoveredMessage {
  const { queueId, ref } = store.add(['u@to.test']);
  return {
    queueId,
    ref,
    receivedAtMs: startMs - ageMs,
    sizeBytes: 10,
    reversePath,
    body: '7BIT',
    smtpUtf8: false,
    held: false,
    ...(warnedAfterMs !== undefined && { warnedAfterMs }),
    waiting: [{ index: 0, address: 'u@to.test', attempts: 1, nextAttemptAtMs: startMs, lastRefusal: '' }],
  };
}

test('a restart neither repeats nor loses a warning, nor is a report warned about', async (t) => {
  const store = new MemoryStore();
  const told = recovered(store, 5 * hourMs, 4 * hourMs);
  const untold = recovered(store, 30 * hourMs);
  store.recovered = [told, untold, recovered(store, 5 * hourMs, undefined, '')];
  const { pass } = await deferring(t, { store });
  await pass(4 * 60_000);
  assert.equal(store.reports.length, 0, 'what has waited is tried first');
  await pass(3 * 60_000);
  const warned = (): string[] => store.told.filter((line) => line.includes('warned'));
  assert.deepEqual(warned(), [`settle warned ${untold.queueId}`]);
  await pass(20 * hourMs);
  assert.deepEqual(
    warned().slice(1),
    [`settle warned ${told.queueId}`],
    'the second step of the first message',
  );
});

test('a warning that cannot be stored is tried until it is, and then journaled', async (t) => {
  const { store, submit, pass, timers } = await deferring(t);
  const id = await submit('u@a.test');
  await pass(4 * hourMs - 120_000);
  store.failures = Infinity;
  await pass(240_000);
  assert.ok(!store.told.includes(`settle warned ${id}`));
  store.failures = 0;
  await timers.pass(2_000);
  assert.equal(store.told.filter((line) => line === `settle warned ${id}`).length, 1);
  assert.equal(store.reports.length, 1);
});
