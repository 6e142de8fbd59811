// The memory of a sender for its last deliveries, which a new manager asks for.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DeliveredLately } from '../../src/deliver/delivered-lately.ts';

test('the last deliveries are remembered, those before are forgotten', () => {
  const lately = new DeliveredLately(3);
  for (const name of ['a', 'b', 'c', 'd', 'e']) lately.add(name, [0]);
  assert.deepEqual(lately.list.map(({ queueId }) => queueId).toSorted(), ['c', 'd', 'e']);
});

test('of a delivery its recipients are remembered, and who gets a report of it', () => {
  const lately = new DeliveredLately();
  lately.add('a', [1, 4]);
  lately.add('b', [0, 2], [2]);
  assert.deepEqual(lately.list, [
    { queueId: 'a', recipients: [1, 4], relayedWithoutDsn: [] },
    { queueId: 'b', recipients: [0, 2], relayedWithoutDsn: [2] },
  ]);
});
