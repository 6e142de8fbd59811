// The scheduler can name a reason for all mail that waits.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { relay, Table } from './table.ts';

const site = relay('s', ['192.0.2.1']);

test('mail that waits for a limit or is in flight has a reason; mail whose route is looked up says so', () => {
  const table = new Table({ limits: { perSite: 1 } }).know({ 'a.example': site });
  const first = table.submit(['a.example']);
  table.submit(['a.example']);
  table.connect();
  const states = [...table.scheduler.recipients()].map(({ state }) => state);
  assert.deepEqual(states, ['active', 'ready']);
  assert.deepEqual(table.scheduler.unexplainedWaits(10), []);

  const silent = table.submit(['silent.example']);
  assert.deepEqual(table.scheduler.unexplainedWaits(10), [
    { queueId: table.scheduler.queueIdOf(silent), domain: 'silent.example', isResolving: true },
  ]);
  assert.deepEqual(table.scheduler.unexplainedWaits(0), []);
  table.scheduler.hold(silent);
  table.scheduler.hold(first);
  assert.deepEqual(table.scheduler.unexplainedWaits(10), []);
});
