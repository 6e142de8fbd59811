// A process that is killed while it adds a message to an mbox leaves nothing of it: the next delivery cuts the piece off, and removes what lies beside.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { addToMbox } from '../../src/mailbox/mbox/user-mbox.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const before = 'From a@b.test Mon Nov 30 10:00:00 2026\nSubject: first\n\nx\n\n';
const next = 'From c@d.test Mon Nov 30 10:01:00 2026\nSubject: next\n\ny\n\n';
const pieces = [
  'From ann@b.test Mon Nov 30 10:00:30 2026\n',
  'Subject: piece\n\n',
  'line\n'.repeat(20_000),
  'end\n\n',
];

const source = import.meta.resolve('../../src/mailbox/mbox/user-mbox.ts');

/** Writes so many pieces, tells it, and waits. */
const script = `
import { addToMbox } from ${JSON.stringify(source)};
const [path, pieces, count] = [process.argv[1], JSON.parse(process.argv[2]), Number(process.argv[3])];
const held = setInterval(() => undefined, 60_000);
async function* some() {
  for (const piece of pieces.slice(0, count)) yield Buffer.from(piece);
  console.log('written');
  await new Promise(() => undefined);
}
await addToMbox(path, some());
clearInterval(held);
`;

/** Kills a delivery that has written so many pieces. */
async function killAfter(path: string, count: number): Promise<void> {
  const child = spawn(
    process.execPath,
    ['--input-type=module', '-e', script, path, JSON.stringify(pieces), String(count)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'exit');
}

async function* entry(text: string): AsyncGenerator<Buffer, void> {
  yield Buffer.from(text);
}

function ground(t: TestContext, content = before): string {
  const path = join(temporaryFolder(t, 'mbox-killed').path, 'mbox');
  writeFileSync(path, content);
  return path;
}

for (const count of [1, 2, 3, 4])
  test(`nothing is left of ${count} pieces`, async (t) => {
    const path = ground(t);
    await killAfter(path, count);
    assert.ok(existsSync(`${path}.lock`));
    await addToMbox(path, entry(next));
    assert.equal(readFileSync(path, 'utf8'), before + next);
    assert.deepEqual(readdirSync(join(path, '..')), ['mbox']);
  });

test('an end without a blank line is given one, which goes with the piece', async (t) => {
  const path = ground(t, before.trimEnd());
  await killAfter(path, 2);
  await addToMbox(path, entry(next));
  assert.equal(readFileSync(path, 'utf8'), `${before.trimEnd()}\n\n${next}`);
});

test('two that are killed one after the other leave nothing', async (t) => {
  const path = ground(t);
  await killAfter(path, 3);
  await killAfter(path, 2);
  await addToMbox(path, entry(next));
  assert.equal(readFileSync(path, 'utf8'), before + next);
});

test('what others have added since is not touched', async (t) => {
  const foreign = 'From x@y.test Mon Nov 30 10:00:40 2026\nSubject: foreign\n\nz\n\n';
  const path = ground(t);
  await killAfter(path, 3);
  const piece = pieces.slice(0, 3).join('');
  appendFileSync(path, foreign);
  await addToMbox(path, entry(next));
  assert.equal(readFileSync(path, 'utf8'), before + piece + foreign + next);
});

test('what a program has put in the place of the piece is not touched', async (t) => {
  const path = ground(t);
  await killAfter(path, 3);
  // A reader has taken the piece for a message and removed it, and another program has delivered.
  const foreign = 'From x@y.test Mon Nov 30 10:00:40 2026\nSubject: foreign\n\nz\n\n';
  writeFileSync(path, before + foreign);
  await addToMbox(path, entry(next));
  assert.equal(readFileSync(path, 'utf8'), before + foreign + next);
});

test('after a restart of the host, and from another one, nothing is cut off', async (t) => {
  for (const change of [
    (text: string) => text.replace(/\S+\n$/u, '0-0-0\n'),
    (text: string) => text.replace(hostname(), 'elsewhere'),
  ]) {
    const path = ground(t);
    await killAfter(path, 2);
    const lock = readFileSync(`${path}.lock`, 'utf8');
    writeFileSync(`${path}.lock`, change(lock));
    const times = { waitMs: 0, staleMs: 0 };
    const { withLock } = await import('../../src/mailbox/mbox/file-lock.ts');
    await withLock(path, (held) => Promise.resolve(assert.equal(held.left, undefined)), times);
    await addToMbox(path, entry(next));
    assert.equal(readFileSync(path, 'utf8'), `${before}${pieces.slice(0, 2).join('')}${next}`);
  }
});

test('a message that is there whole stays, with its lock of a dead process', async (t) => {
  const path = ground(t);
  await killAfter(path, 2);
  const lock = readFileSync(`${path}.lock`, 'utf8');
  await addToMbox(path, entry(next));
  // As a delivery leaves it that has ended, and could not remove its lock.
  const [first = ''] = lock.split('\n');
  writeFileSync(`${path}.lock`, `${first}\n${' '.repeat(lock.length - first.length - 2)}\n`);
  await addToMbox(path, entry(next));
  assert.equal(readFileSync(path, 'utf8'), before + next + next);
});

test('files of processes that were killed before they had the lock are removed, and those of living ones are not', async (t) => {
  const path = ground(t);
  const uuid = '01234567-89ab-cdef-0123-456789abcdef';
  const dead = `${path}.lock.4000000.${uuid}`;
  const living = `${path}.lock.${process.pid}.${uuid}`;
  const other = `${path}.lock.saved`;
  writeFileSync(dead, `4000000 ${hostname()}\n`);
  writeFileSync(living, `${process.pid} ${hostname()}\n`);
  writeFileSync(other, `4000000 ${hostname()}\n`);
  await addToMbox(path, entry(next));
  assert.deepEqual([dead, living, other].map(existsSync), [false, true, true]);
});
