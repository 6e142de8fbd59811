// The watch for mail that should go and does not.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { nodeTimers } from '../../src/io/timers.ts';
import { OverdueWatch } from '../../src/manager/overdue-watch.ts';
import type { UnexplainedWait } from '../../src/schedule/types.ts';
import { Troubles } from '../../src/stats/troubles.ts';

const wait: UnexplainedWait = { queueId: 'A1', domain: 'far.test', isResolving: false };
const minuteMs = 60_000;

function ground(t: TestContext) {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const world = { nowMs: 0, waits: [wait], nextWakeMs: Infinity };
  const troubles = new Troubles(() => world.nowMs);
  const texts = () => troubles.list.map(({ key, text }) => `${key}: ${text}`);
  const scheduler = { unexplainedWaits: () => world.waits, nextWakeMs: () => world.nextWakeMs };
  const watch = new OverdueWatch({ scheduler, troubles, timers: nodeTimers, nowMs: () => world.nowMs });
  watch.start();
  t.after(() => watch.stop());
  const pass = (minutes: number): void => {
    for (let minute = 0; minute < minutes; minute++) {
      world.nowMs += minuteMs;
      t.mock.timers.tick(minuteMs);
    }
  };
  return { world, troubles, texts, pass };
}

test('a message with nothing to wait for is overdue after a quarter of an hour, until it is delivered', (t) => {
  const { world, texts, pass } = ground(t);
  pass(15);
  assert.deepEqual(texts(), []);
  pass(1);
  assert.match(texts().join('\n'), /^overdue: Message A1 to far\.test has been ready for over 15 minutes/u);
  world.waits = [];
  pass(1);
  assert.deepEqual(texts(), []);
});

test('a queue that moves has nothing overdue', (t) => {
  const { world, troubles, pass } = ground(t);
  for (let turn = 0; turn < 30; turn++) {
    world.waits = [{ ...wait, queueId: `A${turn}` }];
    pass(1);
  }
  assert.deepEqual(troubles.list, []);
});

test('a message that waits for the DNS during an outage is not overdue', (t) => {
  const { world, troubles, pass } = ground(t);
  world.waits = [{ ...wait, isResolving: true }];
  troubles.raise('dns', 'critical', 'No name server answers.', '');
  pass(20);
  assert.deepEqual(
    troubles.list.map(({ key }) => key),
    ['dns'],
  );
});

test('work of the scheduler that is due and not begun is overdue', (t) => {
  const { world, texts, pass } = ground(t);
  world.waits = [];
  world.nextWakeMs = 0;
  pass(5);
  assert.deepEqual(texts(), []);
  pass(1);
  assert.match(texts().join('\n'), /retries do not happen/u);
});
