// A message that an operator's command could not read is gone only when the manager does not count it; damage is held at once.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UnreadableMail } from '../../src/manager/unreadable-mail.ts';
import { SpoolError } from '../../src/spool/spool-error.ts';
import type { StoredRef } from '../../src/spool/types.ts';
import { envelopeFor } from '../spool/support.ts';

const ref: StoredRef = { store: 0, place: [64, 32, 160] };

/** @param read - reads an envelope */
function ground(read: () => Promise<never>, queued: readonly string[] = ['A', 'B']) {
  const queue = new Set(queued);
  const held: string[] = [];
  const pinned: string[] = [];
  const mail = new UnreadableMail({
    store: {
      locate: (queueId) => (queue.has(queueId) ? ref : undefined),
      pin: (queueId) => void pinned.push(queueId),
      unpin: (queueId) => void pinned.splice(pinned.indexOf(queueId), 1),
      isDamaged: (queueId) => held.includes(queueId),
    },
    reader: { readEnvelope: read },
    scheduler: { isQueued: (_message, queueId) => queue.has(queueId) },
    holdDamaged: (queueId) => void held.push(queueId),
  });
  return { mail, queue, held, pinned };
}

const named = [
  { queueId: 'A', message: 1 },
  { queueId: 'C', message: 2 },
];
const failing = (code: 'SPOOL_MISSING' | 'SPOOL_CORRUPT' | 'SPOOL_UNREADABLE') => () =>
  Promise.reject(new SpoolError(code, 'why'));

for (const code of ['SPOOL_MISSING', 'SPOOL_CORRUPT'] as const) {
  test(`a message that waits and whose envelope cannot be read (${code}) is held as damaged, once`, async () => {
    const { mail, held, pinned } = ground(failing(code));
    const answer = [{ queueId: 'A', ref, damage: 'why' }];
    assert.deepEqual(await mail.examine(named), answer);
    assert.deepEqual(await mail.examine(named), answer);
    assert.deepEqual(held, ['A']);
    assert.deepEqual(pinned, []);
  });
}

test('a message that the system cannot read now, or that can be read after all, is not damaged', async () => {
  for (const read of [failing('SPOOL_UNREADABLE'), () => Promise.resolve(envelopeFor('A') as never)]) {
    const { mail, held } = ground(read);
    assert.deepEqual(await mail.examine(named), [{ queueId: 'A', ref, damage: undefined }]);
    assert.deepEqual(held, []);
  }
});

test('a message that ends while it is examined is not damaged', async () => {
  const world = ground(() => {
    world.queue.delete('A');
    return failing('SPOOL_MISSING')();
  });
  assert.deepEqual(await world.mail.examine(named), []);
  assert.deepEqual(world.held, []);
});
