// Archives on disks that do not answer, files that are none: their mail waits, and nothing else does.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { DiskTurns, type Turn } from '../../../src/deliver/local/disk-turns.ts';
import { Deadlines } from '../../../src/io/deadlines.ts';
import type { ArchiveWay } from '../../../src/values/local-way.ts';
import { fixture, type ShownResult } from '../fixture.ts';
import { deliver, folderFor, hopOf } from './pipe-fixture.ts';

const fileWay = (path: string): ArchiveWay => ({
  kind: 'archive',
  place: { kind: 'file', path, rotate: 'never' },
});

test('what is no regular file is written to by no archive, and nobody waits for it', async (t) => {
  const folder = folderFor(t);
  const at = (name: string): string => join(folder, name);
  execFileSync('mkfifo', [at('fifo')]);
  mkdirSync(at('folder'));
  writeFileSync(at('file'), '');
  symlinkSync(at('file'), at('link'));
  const made = await fixture(t);
  for (const [path, reason] of [
    [at('fifo'), 'is no regular file: it is a FIFO'],
    [at('folder'), 'is no regular file: it is a folder'],
    ['/dev/null', 'is no regular file: it is a device'],
    [at('link'), 'is a symbolic link, which an archive does not follow: name the file itself'],
  ] as const) {
    const [result] = await deliver(made, fileWay(path), { to: ['a@to.test'] });
    assert.equal(result?.error, `451 4.3.0 the archive: ${path} ${reason}`);
  }
  assert.equal(readFileSync(at('file'), 'utf8'), '');
  assert.deepEqual(readdirSync(folder).sort(), ['fifo', 'file', 'folder', 'link'], 'no lock is left');
});

test('mail of an archive that does not get on waits, and is not kept when it gets on later', async (t) => {
  const folder = folderFor(t);
  const path = join(folder, 'all');
  const made = await fixture(t);
  const { context, sender, spool, reports, advance } = made;
  const begun = Promise.withResolvers<undefined>();
  const held = Promise.withResolvers<undefined>();
  const ended = Promise.withResolvers<undefined>();
  const pieces = async function* () {
    try {
      yield Buffer.from('Subject: x\r\n\r\n');
      begun.resolve(undefined);
      await held.promise;
      yield Buffer.from('late\r\n');
    } finally {
      ended.resolve(undefined);
    }
  };
  const work = spool.add({ to: ['a@to.test'], pieces });
  sender.connect({ connection: 7, site: 'site', hop: hopOf(fileWay(path)), source: '', work });
  assert.equal((await reports.next()).kind, 'ready');
  // The header is looked at first, and the message is read then from its beginning.
  await begun.promise;
  const { blockMs } = context.settings.timeouts;
  advance(blockMs + 2000);
  const done = await reports.next();
  assert.equal(
    done.kind === 'done' && done.results[0]?.error,
    `451 4.3.0 the archive: ${path} did not answer within ${blockMs / 1000} s`,
  );
  sender.close(7);
  assert.equal((await reports.next()).kind, 'closed');
  const [next] = await deliver(made, fileWay(path), { to: ['a@to.test'] });
  assert.match(String(next?.error), /^451 4\.3\.0 .* did not answer, and an earlier delivery still waits/u);
  const [other] = await deliver(made, fileWay(join(folder, 'other')), { to: ['a@to.test'] });
  assert.equal(other?.result, 'delivered');
  held.resolve(undefined);
  await ended.promise;
  // As soon as the late delivery has undone what it wrote.
  for (let result; result !== 'delivered';) {
    await new Promise(setImmediate);
    [{ result }] = (await deliver(made, fileWay(path), { to: ['a@to.test'] })) as [ShownResult];
  }
  assert.match(readFileSync(path, 'utf8'), /^From .*\n(?:.+\n)+\nHello\n\n$/u);
});

/** Deliveries of a test, which end when it says so. */
function heldTurns(threads: number) {
  let nowMs = 0;
  const deadlines = new Deadlines({ now: () => nowMs });
  const turns = new DiskTurns(threads);
  const begun: { readonly archive: string; readonly turn: Turn; readonly end: () => void }[] = [];
  const run = (archive: string): Promise<string> =>
    turns.run(archive, { deadlines, limitMs: 10_000 }, (turn) => {
      const { promise, resolve } = Promise.withResolvers<string>();
      begun.push({ archive, turn, end: () => resolve(archive) });
      return promise;
    });
  const advance = (ms: number): void => {
    nowMs += ms;
    deadlines.advance();
  };
  return { run, begun, advance, names: () => begun.map(({ archive }) => archive).join('') };
}

test('archives leave threads for others, and one of them leaves some for the next', async () => {
  const { run, begun, names } = heldTurns(4);
  const runs = ['a', 'a', 'a', 'b', 'b'].map(run);
  assert.equal(names(), 'aab');
  begun[2]?.end();
  assert.equal(await runs[3], 'b');
  await new Promise(setImmediate);
  assert.equal(names(), 'aabb');
  begun[0]?.end();
  assert.equal(await runs[0], 'a');
  await new Promise(setImmediate);
  assert.equal(names(), 'aabba');
  for (const { end } of begun) end();
  assert.deepEqual(await Promise.all(runs), ['a', 'a', 'a', 'b', 'b']);
});

test('no delivery begins while one to the same archive hangs, and later ones do', async () => {
  const { run, begun, advance, names } = heldTurns(4);
  const first = [run('a'), run('a'), run('a')].map((each) => assert.rejects(each, { code: 'ETIMEDOUT' }));
  advance(8000);
  begun[0]?.turn.gotOn();
  advance(4000);
  assert.deepEqual(
    begun.map(({ turn }) => turn.signal.aborted),
    [false, true],
  );
  advance(8000);
  await Promise.all(first);
  await assert.rejects(run('a'), /an earlier delivery still waits/u);
  const other = run('b');
  assert.equal(names(), 'aab');
  advance(12_000);
  await assert.rejects(other, { code: 'ETIMEDOUT' });
  await assert.rejects(run('c'), /other archives, which have all the threads, did not answer/u);
  for (const { end } of begun) end();
  await new Promise(setImmediate);
  const later = run('a');
  assert.equal(names(), 'aaba');
  begun[3]?.end();
  assert.equal(await later, 'a');
});
