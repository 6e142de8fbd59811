// The simulation's books of answers to operators: what the disk must have when one is told that something is done.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AnswerBooks } from '../../sim/system/answer-books.ts';
import { Memory } from '../../sim/system/memory.ts';
import { SimProcess } from '../../sim/system/sim-process.ts';
import { SimulatedDisk } from '../../sim/disk/simulated-disk.ts';
import { Random } from '../../src/schedule/store/random.ts';
import { VirtualClock } from '../../src/simulate/virtual-clock.ts';

function world() {
  const ground = { clock: new VirtualClock(0), random: new Random(1), trace: () => undefined };
  const disk = new SimulatedDisk({ seed: 1 });
  const manager = new SimProcess(ground, 'manager', disk, () => 0);
  const memory = new Memory(() => 0);
  const books = new AnswerBooks({
    memory,
    nowMs: () => 0,
    spool: '/spool',
    disk: () => disk,
    answered: () => undefined,
  });
  const ask = (operation: string, question: object): void =>
    books.heard([{ kind: 'request', id: 1, operation, question }], manager);
  const answer = (result: object): void => books.posted({ kind: 'response', id: 1, result });
  return { ask, answer, memory, files: disk.process().files };
}

const stored = { recipients: 1, unstored: 0, refused: 0, reason: '' };

test('a hold is confirmed only after the journal was written and synced since it was asked for', () => {
  const { ask, answer, memory } = world();
  const journal = {};
  ask('queue.change', { action: 'hold', recipients: [] });
  memory.journalWritten(memory.journalWriteBegins(), journal);
  assert.throws(() => answer(stored), /told that "hold" is done, and the journal is not synced/);
  ask('queue.change', { action: 'hold', recipients: [] });
  memory.journalWritten(memory.journalWriteBegins(), journal);
  memory.journalSynced(memory.journalSyncBegins(journal));
  answer(stored);
});

test('a hold that changes nothing, or is said not to be stored, needs no journal', () => {
  const { ask, answer } = world();
  ask('queue.change', { action: 'hold', recipients: [] });
  answer({ ...stored, recipients: 0 });
  ask('queue.change', { action: 'hold', recipients: [] });
  answer({ ...stored, unstored: 1, reason: 'the disk is full' });
});

test('a suspension is confirmed only when its file would be there after a power cut', async () => {
  const { ask, answer, files } = world();
  const text = JSON.stringify({ overrides: [{ kind: 'suspend', target: 'domain:d.example' }] });
  await files.mkdir('/spool');
  const fd = await files.open('/spool/overrides.json', 'w');
  await new Promise<void>((resolve) => {
    files.writev(fd, [Buffer.from(text)], 0, () => files.fdatasync(fd, () => resolve()));
  });
  const question = { kind: 'suspend', targets: ['domain:d.example'] };
  ask('override.set', question);
  assert.throws(
    () => answer([]),
    /told that "suspend domain:d\.example" is set, and the disk does not say so/,
  );
  await files.syncDirectory('/spool');
  ask('override.set', question);
  answer([]);
  ask('override.unset', question);
  assert.throws(() => answer([]), /is taken back, and the disk does not say so/);
});
