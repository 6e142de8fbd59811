// What senders tell of mailboxes without room: once a minute, and that there is room again.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RoomReports } from '../../src/deliver/mailbox/room-reports.ts';

test('a full mailbox is told of once a minute, a change at once, and room once', () => {
  const told: string[] = [];
  let nowMs = 0;
  const reports = new RoomReports(
    (user, state) => told.push(`${user} ${state}`),
    () => nowMs,
  );
  reports.hasSome('a');
  reports.hasNone('a', 'full');
  reports.hasNone('a', 'full');
  reports.hasNone('b', 'full');
  reports.hasNone('a', 'closed');
  nowMs = 60_000;
  reports.hasNone('a', 'closed');
  reports.hasSome('a');
  reports.hasSome('a');
  assert.deepEqual(told, ['a full', 'b full', 'a closed', 'a closed', 'a room']);
});
