// What an operator gives up leaves the queue when its report is stored, and not before; else it is in the queue as it was.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GivingUp } from '../../src/manager/giving-up.ts';
import type { MessageHandle } from '../../src/schedule/types.ts';
import type { Outcome } from '../../src/spool/types.ts';
import { relay, Table } from '../schedule/table.ts';

const site = relay('s', ['192.0.2.1']);

function ground(report: () => Promise<void>) {
  const table = new Table({ recipientsPerTransaction: 1, limits: { perSite: 1 } }).know({
    'a.example': site,
  });
  const message: MessageHandle = table.submit(['a.example', 'a.example', 'a.example']);
  table.take();
  const queueId = table.scheduler.queueIdOf(message);
  const settled: Outcome[] = [];
  const world = { table, message, queueId, settled, pins: 0, isDamaged: false };
  const givingUp = new GivingUp({
    store: {
      isDamaged: () => world.isDamaged,
      locate: () => ({ store: 0, place: [64, 32, 160] }),
      pin: () => void world.pins++,
      unpin: () => void world.pins--,
    },
    scheduler: table.scheduler,
    report,
    change: (outcomes, action) => {
      action(table.nowMs);
      settled.push(...outcomes);
    },
  });
  const states = (): string[] =>
    [...table.scheduler.recipients()].map(({ recipient, state }) => `${recipient} ${state}`).sort();
  return { world, givingUp, states };
}

test('waiting recipients are given up after their report is stored; recipients in flight finish', async () => {
  const stored = Promise.withResolvers<void>();
  const { world, givingUp, states } = ground(() => stored.promise);
  const { queueId, message } = world;
  assert.deepEqual(states(), ['0 active', '1 ready', '2 ready']);
  const count = givingUp.giveUp(queueId, message, [0, 1]);
  const idle = givingUp.idle();
  // Nothing of it begins while the report is being stored, and nothing is booked.
  assert.deepEqual(states(), ['0 active', '1 held', '2 held']);
  assert.deepEqual([world.settled, world.pins, givingUp.isGivingUp(queueId)], [[], 1, true]);
  assert.equal(await givingUp.giveUp(queueId, message, [1]), 0);
  stored.resolve();
  assert.equal(await count, 1);
  await idle;
  assert.deepEqual(states(), ['0 active', '2 ready']);
  assert.deepEqual(
    world.settled.map((each) => [each.kind, 'recipient' in each && each.recipient]),
    [['failed', 1]],
  );
  assert.deepEqual([world.pins, givingUp.isGivingUp(queueId)], [0, false]);
});

test('without room for the report all recipients stay in the queue, and the operator is told why', async () => {
  const { world, givingUp, states } = ground(() => Promise.reject(new Error('the disk is full')));
  await assert.rejects(givingUp.giveUp(world.queueId, world.message, [0, 1, 2]), /the disk is full/);
  assert.deepEqual(states(), ['0 active', '1 ready', '2 ready']);
  assert.deepEqual([world.settled, world.pins], [[], 0]);
});

test('a message that was held or is damaged stays held when its report cannot be stored', async () => {
  const { world, givingUp, states } = ground(() => Promise.reject(new Error('the disk is full')));
  world.table.scheduler.hold(world.message);
  await assert.rejects(givingUp.giveUp(world.queueId, world.message, [1]));
  assert.deepEqual(states(), ['0 active', '1 held', '2 held']);
  world.table.scheduler.release(world.message, world.table.nowMs);
  world.isDamaged = true;
  await assert.rejects(givingUp.giveUp(world.queueId, world.message, [1]));
  assert.deepEqual(states(), ['0 active', '1 held', '2 held']);
});
