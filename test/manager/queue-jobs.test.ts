// Jobs on the queue: they change what matches in small slices, tell how far they are, and end early when they are cancelled,
// when their connection closes, and when Sluice stops. What they have done stays done.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settled } from '../../sim/virtual-timers.ts';
import type { Response } from '../../src/channel/messages.ts';
import type { JobProgress, JobReport } from '../../src/control/operations/queue-change.ts';
import type { QueuePage } from '../../src/control/operations/queue-pages.ts';
import { SpoolError } from '../../src/spool/spool-error.ts';
import { envelopeFor } from '../spool/support.ts';
import { type Ground, ground, type OperatorAtHand, plain } from './assembled.ts';

function answerOf(told: readonly Response[]): JobReport | undefined {
  const answers = told.flatMap((each) => ('result' in each ? [each.result as JobReport] : []));
  assert.ok(answers.length <= 1, 'one answer');
  return answers[0];
}

function progressOf({ told }: OperatorAtHand): JobProgress[] {
  return told.flatMap((each) => (each.kind === 'parts' ? (each.parts as JobProgress[]) : []));
}

/** Begins a job and lets time pass until it is answered. */
async function done(at: Ground, question: object): Promise<JobReport> {
  const operator = at.operator();
  await operator.ask('queue.change', question);
  for (let turns = 0; answerOf(operator.told) === undefined && turns < 1_000; turns++)
    await at.timers.pass(10);
  const report = answerOf(operator.told);
  assert.ok(report !== undefined, JSON.stringify(operator.told));
  return report;
}

async function rows({ ask }: Ground): Promise<string[]> {
  const [page] = await ask('page', { filter: {} });
  assert.ok(page !== undefined && 'result' in page);
  return (page.result as QueuePage).rows.map(
    ({ queueId, recipientIndex, state, isHeld }) =>
      `${queueId}/${recipientIndex} ${state}${isHeld && state !== 'held' ? ',held' : ''}`,
  );
}

const summary = ({ state, seen, of, recipients, messages }: JobReport) => ({
  state,
  seen,
  of,
  recipients,
  messages,
});

test('a job changes what matches, and says how much it looked at and changed', async (t) => {
  const at = await ground(t);
  await at.submit('u@a.test', 'v@a.test');
  await at.submit('u@b.test');
  const filter = { domain: 'a.*' };
  assert.deepEqual(summary(await done(at, { action: 'hold', filter })), {
    state: 'done',
    seen: 2,
    of: 2,
    recipients: 2,
    messages: 1,
  });
  assert.deepEqual(await rows(at), ['Q0/0 held', 'Q0/1 held', 'Q1/0 ready']);
  // What is held already does not count again.
  assert.equal((await done(at, { action: 'hold', filter })).recipients, 0);
  const { recipients } = await done(at, { action: 'release', filter: { state: 'held' } });
  assert.equal(recipients, 2);
  assert.deepEqual(await rows(at), ['Q0/0 ready', 'Q0/1 ready', 'Q1/0 ready']);
});

test('ids are looked up one by one when they are few, and the rest of the queue is not walked', async (t) => {
  const at = await ground(t);
  for (let i = 0; i < 50; i++) await at.submit('u@a.test');
  const filter = { ids: ['Q7', 'Q49', 'NOSUCH'] };
  assert.deepEqual(summary(await done(at, { action: 'hold', filter })), {
    state: 'done',
    seen: 3,
    of: 3,
    recipients: 2,
    messages: 2,
  });
  const many = { ids: Array.from({ length: 45 }, (_, i) => `Q${i}`) };
  assert.deepEqual(summary(await done(at, { action: 'hold', filter: many })), {
    state: 'done',
    seen: 50,
    of: 50,
    recipients: 44,
    messages: 44,
  });
});

test('a removed recipient is logged with its addresses', async (t) => {
  const at = await ground(t);
  await at.submit('u@a.test', 'v@b.test');
  assert.equal((await done(at, { action: 'remove', filter: { recipient: 'v@*' } })).recipients, 1);
  assert.deepEqual(await rows(at), ['Q0/0 ready']);
  const removed = at.log.events.filter(({ event }) => event === 'removed');
  assert.deepEqual(removed, [
    { event: 'removed', id: 'Q0', from: 'a@from.test', to: 'v@b.test', queue: undefined },
  ]);
});

/** Messages whose envelopes take 100 ms to read. */
async function slow(at: Ground, messages: number): Promise<void> {
  for (let i = 0; i < messages; i++) await at.submit('u@a.test');
  at.store.reader.gate = () => new Promise((read) => void at.timers.setTimeout(read, 100));
}

test('a job tells its progress every half second', async (t) => {
  const at = await ground(t);
  await slow(at, 320);
  const operator = at.operator();
  await operator.ask('queue.change', { action: 'remove', filter: {} });
  await at.timers.pass(5_000);
  const told = progressOf(operator);
  assert.equal(answerOf(operator.told)?.recipients, 320);
  assert.ok(told.length >= 4, `${told.length} times`);
  assert.deepEqual(
    told.map(({ of }) => of),
    told.map(() => 320),
  );
  const changed = told.map(({ recipients }) => recipients);
  assert.deepEqual(
    changed,
    changed.toSorted((a, b) => a - b),
  );
  assert.ok((changed[0] ?? 0) > 0 && (changed.at(-1) ?? 0) <= 320);
});

for (const [how, end] of [
  ['is cancelled', (operator: OperatorAtHand) => operator.cancel()],
  ['loses its connection', (operator: OperatorAtHand) => operator.unlink()],
] as const) {
  test(`a job that ${how} ends after its slice, and what it did stays done`, async (t) => {
    const at = await ground(t);
    await slow(at, 320);
    const operator = at.operator();
    await operator.ask('queue.change', { action: 'remove', filter: {} });
    await at.timers.pass(1_000);
    await end(operator);
    await at.timers.pass(1_000);
    const left = await rows(at);
    const report = answerOf(operator.told);
    assert.equal(report?.state, 'cancelled');
    assert.ok(left.length > 0 && left.length < 320, `${left.length} are left`);
    assert.equal(report.recipients, 320 - left.length);
    const [jobs] = await at.ask('job.list', {});
    assert.ok(jobs !== undefined && 'result' in jobs);
    assert.deepEqual(jobs.result, [report]);
  });
}

test('a job is cancelled by its number, from another connection', async (t) => {
  const at = await ground(t);
  await slow(at, 320);
  const operator = at.operator();
  await operator.ask('queue.change', { action: 'remove', filter: {} });
  await at.timers.pass(1_000);
  const other = at.operator();
  await other.ask('job.cancel', { job: 1 });
  assert.deepEqual(other.told, [], 'it is answered when the job has ended');
  await at.timers.pass(1_000);
  assert.equal(answerOf(other.told)?.state, 'cancelled');
  assert.deepEqual(answerOf(other.told), answerOf(operator.told));
  const [unknown] = await at.ask('job.cancel', { job: 2 });
  assert.ok(unknown !== undefined && 'error' in unknown);
  assert.equal(unknown.error.code, 'JOB_UNKNOWN');
});

test('a detached job is answered at once, and goes on without its connection', async (t) => {
  const at = await ground(t);
  await slow(at, 64);
  const operator = at.operator();
  await operator.ask('queue.change', { action: 'remove', filter: {}, detach: true });
  assert.equal(answerOf(operator.told)?.state, 'running');
  await operator.unlink();
  await at.timers.pass(2_000);
  assert.deepEqual(await rows(at), []);
  const [jobs] = await at.ask('job.list', {});
  assert.ok(jobs !== undefined && 'result' in jobs);
  assert.deepEqual((jobs.result as JobReport[]).map(summary), [
    { state: 'done', seen: 64, of: 64, recipients: 64, messages: 64 },
  ]);
  assert.ok(at.log.lines.some((line) => /job 1 \(remove\) is done: 64 recipients of 64 messages/.test(line)));
});

test('jobs take turns, and so many at a time are enough', async (t) => {
  const at = await ground(t);
  await slow(at, 320);
  const operators = Array.from({ length: 8 }, () => at.operator());
  for (const [index, operator] of operators.entries()) {
    await operator.ask('queue.change', { action: 'hold', filter: { sender: 'a@*', recipient: `${index}*` } });
  }
  const [ninth] = await at.ask('queue.change', { action: 'retry', filter: {} });
  assert.ok(ninth !== undefined && 'error' in ninth);
  assert.equal(ninth.error.code, 'JOBS_TOO_MANY');
  await at.timers.pass(10_000);
  const seen = operators.map((operator) => progressOf(operator).at(-1)?.seen ?? 0);
  assert.ok(Math.min(...seen) > 0, seen.join(' '));
  await at.timers.pass(60_000);
  assert.deepEqual(
    operators.map((operator) => answerOf(operator.told)?.state),
    operators.map(() => 'done'),
  );
});

test('a dry run changes nothing, and says what would be changed, by state and domain', async (t) => {
  const at = await ground(t);
  for (const domain of ['a.test', 'b.test', 'a.test']) await at.submit(`u@${domain}`, `v@${domain}`);
  await at.submit('u@c.test');
  await done(at, { action: 'hold', filter: { domain: 'c.test' } });
  const before = await rows(at);
  const preview = async (action: string) => {
    const report = await done(at, { action, filter: {}, dryRun: true });
    return [report.recipients, report.messages, report.preview];
  };
  const others = {
    domains: [
      { name: 'a.test', recipients: 4 },
      { name: 'b.test', recipients: 2 },
    ],
    otherDomains: 0,
  };
  const ready = { name: 'ready', recipients: 6 };
  const held = { name: 'held', recipients: 1 };
  assert.deepEqual(await preview('hold'), [6, 3, { states: [ready], ...others }]);
  assert.deepEqual(await preview('retry'), [6, 3, { states: [ready], ...others }]);
  const one = { domains: [{ name: 'c.test', recipients: 1 }], otherDomains: 0 };
  assert.deepEqual(await preview('release'), [1, 1, { states: [held], ...one }]);
  const all = { ...others, domains: [...others.domains, ...one.domains] };
  assert.deepEqual(await preview('remove'), [7, 4, { states: [ready, held], ...all }]);
  assert.deepEqual(await preview('bounce'), [7, 4, { states: [ready, held], ...all }]);
  assert.deepEqual(await rows(at), before);
  assert.deepEqual(
    at.store.told.filter((line) => line.startsWith('report')),
    [],
  );
});

test('what a dry run announces is what the change does', async (t) => {
  for (const action of ['retry', 'hold', 'release', 'remove', 'bounce']) {
    const at = await ground(t);
    await at.submit('u@a.test', 'u@b.test');
    await at.submit('u@a.test');
    await at.submit('u@c.test');
    await done(at, { action: 'hold', filter: { domain: 'c.test' } });
    // A recipient that is in flight.
    await at.sender(1);
    const planned = await done(at, { action, filter: {}, dryRun: true });
    const changed = await done(at, { action, filter: {} });
    assert.deepEqual([planned.recipients, planned.messages], [changed.recipients, changed.messages], action);
  }
});

test('a bounce whose report cannot be stored leaves its recipients as they were', async (t) => {
  const at = await ground(t);
  for (let i = 0; i < 3; i++) await at.submit('u@a.test');
  at.store.failures = 1;
  const { recipients, refused, reason } = await done(at, { action: 'bounce', filter: { domain: 'a.test' } });
  assert.deepEqual([recipients, refused], [2, 1]);
  assert.notEqual(reason, '');
  const left = (await rows(at)).filter((row) => row.startsWith('Q'));
  assert.equal(left.length, 1, 'the others are reports');
  assert.match(left.join(' '), /ready$/);
});

test('a stop ends a job, and waits for its slice', async (t) => {
  const at = await ground(t);
  await slow(at, 320);
  const operator = at.operator();
  await operator.ask('queue.change', { action: 'remove', filter: {} });
  await at.timers.pass(1_000);
  const stopped = at.manager.stop(1_000);
  const [late] = await at.ask('queue.change', { action: 'hold', filter: {} });
  assert.ok(late !== undefined && 'error' in late);
  assert.equal(late.error.code, 'SLUICE_STOPPING');
  await at.timers.pass(2_000);
  await stopped;
  assert.equal(answerOf(operator.told)?.state, 'cancelled');
  assert.ok(at.store.closed);
});

test('a fault of Sluice ends a job with its reason, and is logged', async (t) => {
  const at = await ground(t);
  await at.submit('u@a.test');
  at.store.reader.readDamagedEnvelope = () => Promise.reject(new TypeError('surprise'));
  at.store.reader.failure = new SpoolError('SPOOL_CORRUPT', 'the checksum does not hold');
  const { state, reason } = await done(at, { action: 'remove', filter: {} });
  assert.deepEqual([state, reason], ['failed', 'surprise']);
  assert.ok(
    at.log.lines.some((line) => line.startsWith('error job 1 (remove) is failed')),
    at.log.lines.join('\n'),
  );
});

for (const code of ['SPOOL_CORRUPT', 'SPOOL_UNREADABLE'] as const) {
  test(`a message whose envelope cannot be read (${code}) is removed by its id, and its sender matches nothing`, async (t) => {
    const at = await ground(t, { config: plain });
    await at.submit('u@a.test');
    at.store.reader.failure = new SpoolError(code, 'no');
    assert.equal((await done(at, { action: 'remove', filter: { sender: 'a@*' } })).recipients, 0);
    assert.equal((await done(at, { action: 'remove', filter: { ids: ['Q0'] } })).recipients, 1);
    assert.deepEqual(await rows(at), []);
  });
}

test('a message that turns out to be damaged is no longer chosen as held or ready', async (t) => {
  const at = await ground(t);
  await at.submit('u@a.test');
  at.store.reader.failure = new SpoolError('SPOOL_CORRUPT', 'no');
  const filter = { state: 'ready', recipient: '*' };
  assert.equal((await done(at, { action: 'remove', filter })).recipients, 0);
  assert.deepEqual(await rows(at), ['Q0/0 damaged']);
  at.store.reader.damagedEnvelopes.set(0, envelopeFor('Q0', ['bob@there.test']));
  const found = { action: 'remove', filter: { recipient: 'bob@*' } };
  assert.equal((await done(at, found)).recipients, 1, 'it is found by what can be read of its envelope');
});

test('mail that leaves the queue while its envelope is read is not changed', async (t) => {
  const at = await ground(t);
  await at.submit('u@a.test');
  const read = Promise.withResolvers<void>();
  at.store.reader.gate = () => read.promise;
  const slowly = at.operator();
  await slowly.ask('queue.change', { action: 'remove', filter: { recipient: 'u@*' } });
  at.store.reader.gate = undefined;
  assert.equal((await done(at, { action: 'bounce', filter: {} })).recipients, 1);
  read.resolve();
  await settled();
  await at.timers.pass(1_000);
  assert.equal(answerOf(slowly.told)?.recipients, 0);
});
