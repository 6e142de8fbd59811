// The log lines of recipients that wait: the server is that of the refusal, the address comes from the attempt or the spool.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settled } from '../../sim/virtual-timers.ts';
import { EventCounters } from '../../src/log/event-counters.ts';
import { Events, logListener } from '../../src/log/events.ts';
import { DeferralLog } from '../../src/manager/deferral-log.ts';
import { encodeRefusal } from '../../src/message/refusal-form.ts';
import type { Refusal } from '../../src/message/refusal.ts';
import { keptLog } from '../process/quiet-log.ts';
import { broken, ours, said } from '../refusals.ts';
import { envelopeFor } from '../spool/support.ts';

const ref = { store: 0, place: [64, 32, 160] };

function ground(isLogOn = true) {
  const log = { ...keptLog(), isOn: () => isLogOn };
  const counted = new EventCounters();
  let reads = 0;
  const readEnvelope = () => {
    reads++;
    return Promise.resolve({ ...envelopeFor('A', ['b@to.test', 'c@to.test']), tenant: 'shop' });
  };
  const deferrals = new DeferralLog(new Events([logListener(log), counted]), { readEnvelope });
  return { log, counted, deferrals, reads: () => reads };
}

const deferral = (recipient: number, refusal: Refusal) => ({
  recipient,
  attempts: 1,
  nextAttemptAtMs: 0,
  refusal: encodeRefusal(refusal),
});

test('with an attempt nothing is read: its results have address, source and tenant, the refusal has the server', () => {
  const { log, deferrals, reads } = ground();
  const refusal = said('450 4.7.1 later');
  const result = {
    recipient: 1,
    result: 'refused',
    refusal,
    address: 'c@to.test',
    source: '192.0.2.9',
  } as const;
  deferrals.deferred('A', ref, deferral(1, refusal), [result]);
  const [line] = log.events;
  assert.deepEqual(
    [line?.['to'], line?.['source'], line?.['host'], line?.['remote'], line?.['reply']],
    ['c@to.test', '192.0.2.9', 'mx.test', '192.0.2.1', '450 4.7.1 later (in reply to RCPT)'],
  );
  assert.equal(reads(), 0);
});

test('without one, or for another recipient, address and tenant are read from the spool', async () => {
  const { log, deferrals } = ground();
  deferrals.deferred('A', ref, deferral(1, broken('connection refused')));
  await settled();
  deferrals.deferred('A', ref, deferral(0, ours('no route')), [{ recipient: 1, result: 'delivered' }]);
  await settled();
  assert.deepEqual(
    log.events.map((line) => [line['to'], line['tenant'], line['host'], line['reply']]),
    [
      ['c@to.test', 'shop', 'mx.test', 'mx.test[192.0.2.1]:25: connection refused'],
      ['b@to.test', 'shop', undefined, 'no route'],
    ],
  );
});

test('each is counted once, whether its line is written at once, after a read, or not at all', async () => {
  const on = ground();
  on.deferrals.deferred('A', ref, deferral(0, ours('451 4.4.3 no route')));
  on.deferrals.deferred('A', undefined, deferral(1, ours('451 4.4.3 no route')));
  await settled();
  assert.deepEqual([on.counted.counts, on.log.events.length, on.reads()], [{ deferred: 2 }, 2, 1]);
  const off = ground(false);
  off.deferrals.deferred('A', ref, deferral(0, ours('451 4.4.3 no route')));
  assert.deepEqual([off.counted.counts, off.log.events, off.reads()], [{ deferred: 1 }, [], 0]);
});
