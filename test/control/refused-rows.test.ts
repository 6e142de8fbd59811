// A command understands the row of mail that was refused, whatever step it was refused at.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listQueue } from '../../src/control/operations/queue-list.ts';
import { decodeRefusal, encodeRefusal, refusedSteps } from '../../src/message/refusal-form.ts';
import { said } from '../refusals.ts';

for (const during of refusedSteps) {
  test(`mail that was refused at ${during} is kept and listed`, () => {
    const refusal = { ...said('451 4.7.5 not now'), during };
    assert.deepEqual(decodeRefusal(encodeRefusal(refusal)), refusal);
    const row = {
      queueId: 'A',
      receivedAtMs: 1,
      domain: 'to.test',
      tenant: '',
      state: 'waiting',
      isHeld: false,
      attempts: 1,
      nextAttemptAtMs: 2,
      lastError: '',
      lastRefusal: refusal,
      sender: 'a@from.test',
      recipient: 'b@to.test',
    };
    assert.deepEqual(listQueue.part.parse(row), row);
  });
}
