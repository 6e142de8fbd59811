// The simulation's books, where requests and writes overlap: what they demand then, and what they do not.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Arrival } from '../../sim/system/arrival.ts';
import { Memory } from '../../sim/system/memory.ts';
import { Promises } from '../../sim/system/promises.ts';

test('what an operator was told is in force must be, until something else is asked for', () => {
  const promises = new Promises();
  promises.asked('domain:d0.example')();
  assert.ok(promises.has('domain:d0.example'));
  assert.ok(!promises.has('domain:d1.example'));
  promises.asked('domain:d0.example');
  assert.ok(!promises.has('domain:d0.example'));
});

test('an answer that comes after something else was asked for is not a promise', () => {
  const promises = new Promises();
  const told = promises.asked('domain:d0.example');
  const toldLast = promises.asked('domain:d0.example');
  told();
  assert.ok(!promises.has('domain:d0.example'));
  toldLast();
  assert.ok(promises.has('domain:d0.example'));
});

/** An outcome that is written to the first file, and not synced; then a write to that file fails. */
function afterFailedWrite() {
  let nowMs = 0;
  const memory = new Memory(() => nowMs);
  const arrival = new Arrival(nowMs, {});
  const report = {};
  memory.tells(report, [arrival]);
  const manager = {};
  memory.ended([report], manager, 'the link broke');
  memory.taken([report], manager);
  const first = {};
  memory.journalWritten(memory.journalWriteBegins(), first);
  memory.journalWriteFailed(memory.journalWriteBegins(), first);
  return { memory, first, later: () => (nowMs += 1_000) };
}

test('what a manager has not read yet is not told by what it writes', () => {
  const memory = new Memory(() => 0);
  const arrival = new Arrival(0, {});
  const [hello, manager, file] = [{}, {}, {}];
  memory.tells(hello, [arrival]);
  memory.ended([hello], manager, 'the link broke');
  memory.journalWritten(memory.journalWriteBegins(), file);
  memory.journalSynced(memory.journalSyncBegins(file));
  assert.equal(memory.isOnDisk(arrival), false);
  memory.taken([hello], manager);
  memory.journalWritten(memory.journalWriteBegins(), file);
  memory.journalSynced(memory.journalSyncBegins(file));
  assert.equal(memory.isOnDisk(arrival), true);
});

test('after a failed write, the next file may tell and sync what the failed one was told', () => {
  const { memory, later } = afterFailedWrite();
  const next = {};
  memory.journalWritten(memory.journalWriteBegins(), next);
  memory.journalSynced(memory.journalSyncBegins(next));
  later();
  memory.checkSynced(500);
});

test('after a failed write, the file may be synced if it is used on', () => {
  const { memory, first, later } = afterFailedWrite();
  memory.journalSynced(memory.journalSyncBegins(first));
  later();
  memory.checkSynced(500);
});

test('after a failed write, an outcome that is in no synced file is found', () => {
  const { memory, later } = afterFailedWrite();
  memory.journalWritten(memory.journalWriteBegins(), {});
  later();
  assert.throws(() => memory.checkSynced(500), /not synced/);
});
