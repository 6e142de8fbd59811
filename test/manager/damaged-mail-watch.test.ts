// Damaged messages wait for the operator, but not for ever: at the end of their lifetime they are given up.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DamagedMail } from '../../src/manager/damaged-mail.ts';
import type { MessageHandle } from '../../src/schedule/types.ts';
import { Troubles } from '../../src/stats/troubles.ts';

function ground() {
  const troubles = new Troubles(() => 0);
  const damaged = new Set(['A', 'B', 'C']);
  const queued = new Set(['A', 'B', 'C']);
  const mail = new DamagedMail({
    store: { isDamaged: (queueId) => damaged.has(queueId) },
    scheduler: {
      isQueued: (_message, queueId) => queued.has(queueId),
      expiresAtMs: (message) => message * 1000,
    },
    troubles,
  });
  for (const [at, queueId] of ['A', 'B', 'C'].entries()) mail.add(queueId, (at + 1) as MessageHandle);
  return { mail, damaged, queued, text: () => troubles.list[0]?.text ?? '' };
}

test('each damaged message is given up once, when its lifetime ends', () => {
  const { mail, text } = ground();
  assert.match(text(), /^3 messages are damaged/u);
  assert.deepEqual(mail.takeExpired(999), []);
  assert.deepEqual(mail.takeExpired(1000), [1]);
  assert.deepEqual(mail.takeExpired(1000), []);
  assert.match(text(), /^2 messages/u);
  assert.deepEqual(mail.takeExpired(5000), [2, 3]);
  assert.equal(text(), '');
});

test('a message that was removed, or released after a repair, is not given up', () => {
  const { mail, damaged, queued, text } = ground();
  queued.delete('A');
  damaged.delete('B');
  assert.deepEqual(mail.takeExpired(0), []);
  assert.match(text(), /^1 message is damaged/u);
  assert.deepEqual(mail.takeExpired(5000), [3]);
});
