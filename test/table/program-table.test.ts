// A program as a table of mailboxes: real programs, started as for a real server.

import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { Places } from '../../src/io/places.ts';
import { ProgramTable, type ProgramTableParts } from '../../src/table/program-table.ts';
import { temporaryFolder } from '../temporary-folder.ts';

interface Fixture {
  readonly table: ProgramTable;
  readonly clock: { now: number };
  readonly places: Places;
  readonly complaints: string[];
  /** The arguments of the runs so far. */
  runs(): Promise<readonly string[]>;
}

/** @param script - of the shell; $1 is the mailbox */
async function programTable(
  t: TestContext,
  script: string,
  rest: Partial<ProgramTableParts> = {},
): Promise<Fixture> {
  const folder = temporaryFolder(t, 'recipient-program').path;
  const runs = join(folder, 'runs');
  const path = join(folder, 'program');
  await writeFile(runs, '');
  await writeFile(path, `#!/bin/sh\necho "$*" >> '${runs}'\n${script}\n`, { mode: 0o755 });
  const clock = { now: 1_000_000 };
  const complaints: string[] = [];
  const places = rest.places ?? new Places(5, 5);
  const table = new ProgramTable({
    command: [path, 'first'],
    environment: { PATH: process.env['PATH'] ?? '' },
    timeLimitMs: 20_000,
    keepMs: 60_000,
    places,
    nowMs: () => clock.now,
    complain: (line) => complaints.push(line),
    ...rest,
  });
  const lines = async () => (await readFile(runs, 'utf8')).split('\n').filter((line) => line !== '');
  return { table, clock, places, complaints, runs: lines };
}

async function kindsOf(table: ProgramTable, ...keys: string[]): Promise<string[]> {
  return (await table.lookup(keys)).map(({ kind }) => kind);
}

for (const [exit, kind] of [
  [0, 'found'],
  [1, 'absent'],
  [100, 'absent'],
  [2, 'failing'],
  [111, 'failing'],
  [126, 'failing'],
] as const) {
  test(`a program that ends with ${exit}: ${kind}`, async (t) => {
    const { table, complaints } = await programTable(t, `exit ${exit}`);
    assert.deepEqual(await kindsOf(table, 'joe@example.com'), [kind]);
    assert.equal(complaints.length, kind === 'failing' ? 1 : 0);
  });
}

test('the mailbox is the last argument and a variable, and characters of the shell are nothing special', async (t) => {
  const { table, runs } = await programTable(t, '[ "$2" = "$RECIPIENT" ]');
  const key = '$(touch x);`id`|a@example.com';
  assert.deepEqual(await kindsOf(table, key), ['found']);
  assert.deepEqual(await runs(), [`first ${key}`]);
});

test('the mailbox without its subaddress is asked for only when the longer name is unknown', async (t) => {
  const { table, runs } = await programTable(t, 'case "$2" in joe@*|a+b@*) exit 0;; esac; exit 1');
  const keys = (name: string) => [`${name}+b@example.com`, `${name}@example.com`, '@example.com'];
  assert.deepEqual(await kindsOf(table, ...keys('joe')), ['absent', 'found', 'absent']);
  assert.deepEqual(await kindsOf(table, ...keys('a')), ['found', 'absent', 'absent']);
  assert.deepEqual(await runs(), [
    'first joe+b@example.com',
    'first joe@example.com',
    'first a+b@example.com',
  ]);
});

test('answers are kept for a while, that a mailbox is unknown too; failures are not', async (t) => {
  const script = 'case "$2" in joe@*) exit 0;; jane@*) exit 1;; esac; echo broken >&2; exit 111';
  const { table, clock, runs, complaints } = await programTable(t, script);
  for (let time = 0; time < 2; time++) {
    assert.deepEqual(await kindsOf(table, 'joe@example.com'), ['found']);
    assert.deepEqual(await kindsOf(table, 'jane@example.com'), ['absent']);
    assert.deepEqual(await kindsOf(table, 'jim@example.com'), ['failing']);
  }
  assert.equal((await runs()).length, 4);
  assert.equal(complaints.filter((line) => line === 'broken').length, 2);
  assert.match(complaints.join('\n'), /it ended with the exit code 111, asked for jim@example\.com/);
  clock.now += 60_001;
  await table.lookup(['joe@example.com']);
  assert.equal((await runs()).length, 5);
  // What was over has made room.
  assert.equal(table.kept, 1);
});

test('those who ask for the same mailbox at once share one run', async (t) => {
  const { table, runs } = await programTable(t, 'exit 0');
  const all = await Promise.all(Array.from({ length: 10 }, () => kindsOf(table, 'joe@example.com')));
  assert.ok(all.every(([kind]) => kind === 'found'));
  assert.equal((await runs()).length, 1);
});

test('a program that hangs is killed when its time is over, and its place is free again', async (t) => {
  const { table, complaints, places } = await programTable(t, 'exec sleep 1000', {
    timeLimitMs: 300,
    places: new Places(1, 0),
  });
  assert.deepEqual(await kindsOf(table, 'jane@example.com'), ['failing']);
  assert.match(complaints[0] ?? '', /did not end in time/);
  assert.equal(await places.take(1), 'place');
});

test('when too many wait in line, the answer is a failure at once', async (t) => {
  const places = new Places(1, 0);
  const { table, runs } = await programTable(t, 'exit 0', { places });
  assert.equal(await places.take(1), 'place');
  assert.deepEqual(await kindsOf(table, 'joe@example.com'), ['failing']);
  assert.deepEqual(await runs(), []);
  places.leave();
  assert.deepEqual(await kindsOf(table, 'joe@example.com'), ['found']);
});

test('a program that is not there, or prints without end, is a failure', async (t) => {
  const missing = await programTable(t, '', { command: ['/nonexistent/program'] });
  assert.deepEqual(await kindsOf(missing.table, 'joe@example.com'), ['failing']);
  assert.match(missing.complaints[0] ?? '', /cannot be started: ENOENT/);
  const talkative = await programTable(t, 'exec yes');
  assert.deepEqual(await kindsOf(talkative.table, 'joe@example.com'), ['failing']);
});

test('what a program prints is the value', async (t) => {
  const values = { hasValues: true } as const;
  const answerTo = async (script: string) => {
    const { table } = await programTable(t, script, values);
    return (await table.lookup(['joe@example.com']))[0];
  };
  assert.deepEqual(await answerTo('echo " smtp:[relay.test] "'), {
    kind: 'found',
    values: ['smtp:[relay.test]'],
  });
  assert.deepEqual(await answerTo('printf "grün\\r\\n"'), { kind: 'found', values: ['grün'] });
  assert.deepEqual(await answerTo('exit 0'), { kind: 'absent' });
  assert.deepEqual(await answerTo('echo no; exit 100'), { kind: 'absent' });
  for (const [script, reason] of [
    ['echo one; echo two', 'it printed more than one line of text'],
    ['printf "\\377"', 'it printed something that is not UTF-8'],
    ['echo one; exit 75', 'it ended with the exit code 75'],
  ] as const)
    assert.deepEqual(await answerTo(script), { kind: 'failing', reason });
});

test('an answer that is kept is there at once, and no other', async (t) => {
  const { table, clock, runs } = await programTable(t, 'echo way', { hasValues: true, variable: 'SENDER' });
  assert.equal(table.lookupAtOnce(['joe@example.com']), undefined);
  await table.lookup(['joe@example.com']);
  assert.deepEqual(table.lookupAtOnce(['joe@example.com']), [{ kind: 'found', values: ['way'] }]);
  assert.equal(table.lookupAtOnce(['joe@example.com', 'jane@example.com']), undefined);
  clock.now += 60_000;
  assert.equal(table.lookupAtOnce(['joe@example.com']), undefined);
  assert.equal((await runs()).length, 1);
});
