// Grants that are paused as a whole: nothing new goes out whatever has room, what is in flight finishes, and people are
// told why.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RelayPlan } from '../../src/route/types.ts';
import { relay, Table, type Transact } from './table.ts';

const plan = relay('s', ['192.0.2.1']) as RelayPlan & { readonly validUntilMs: number };
const reason = 'outcomes cannot be stored: the disk is full';

test('while paused neither a new connection nor an idle one is used, and what is in flight finishes', () => {
  const table = new Table().know({ 'a.example': plan, 'b.example': relay('t', ['192.0.2.2']) });
  table.submit(['a.example']);
  const first = table.connect();
  table.ready(first.connection);
  table.scheduler.pause(reason, table.nowMs);
  table.submit(['a.example']);
  table.submit(['b.example']);
  assert.deepEqual(table.take(), []);
  table.done(first);
  assert.deepEqual(
    table.take().map(({ kind }) => kind),
    ['delivered', 'done'],
  );
  table.scheduler.pause(undefined, table.nowMs);
  const kinds = table.take();
  assert.deepEqual(kinds.map(({ kind }) => kind).sort(), ['connect', 'transact']);
  const transact = kinds.find((effect): effect is Transact => effect.kind === 'transact');
  assert.equal(transact?.connection, first.connection);
});

test('mail that waits for a limit goes nowhere when that has room while grants are paused', () => {
  const table = new Table({ limits: { perSite: 1 } }).know({ 'a.example': plan });
  table.submit(['a.example']);
  table.submit(['a.example']);
  const first = table.connect();
  table.scheduler.pause(reason, table.nowMs);
  table.refused(first.connection).pass(60_000);
  assert.deepEqual(
    table.take().filter(({ kind }) => kind === 'connect'),
    [],
  );
  table.pass(600_000);
  table.scheduler.pause(undefined, table.nowMs);
  table.connect();
});

test('routes are asked for and mail fails for want of one only when grants go on', () => {
  const table = new Table();
  table.scheduler.pause(reason, table.nowMs);
  table.submit(['gone.example']);
  assert.deepEqual(table.take(), []);
  table.scheduler.pause(undefined, table.nowMs);
  assert.deepEqual(
    table.take().map(({ kind }) => kind),
    ['resolve'],
  );
});

test('people are told why, whether mail waits or not', () => {
  const table = new Table().know({ 'a.example': plan });
  const binding = (): readonly string[] =>
    table.scheduler.explain('mx:a.example', 'a.example', '', plan, table.nowMs).binding;
  assert.deepEqual(binding(), []);
  table.scheduler.pause(reason, table.nowMs);
  assert.deepEqual(binding(), [reason]);
  table.submit(['a.example']);
  assert.deepEqual(binding(), [reason]);
  table.scheduler.pause(undefined, table.nowMs);
  assert.deepEqual(binding(), []);
});
