// Who hears of a failure: the sender; the postmaster about a report of our own, once; for anything else without a sender, nobody.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addresseeOf } from '../../src/bounce/addressee.ts';
import type { Envelope, Origin } from '../../src/message/envelope.ts';

const postmaster = 'postmaster@example.com';

function envelope(via: Origin['via'], reversePath: string, to = 'user@example.net'): Envelope {
  return {
    queueId: 'Q1',
    receivedAtMs: 0,
    reversePath,
    recipients: [{ address: to }],
    body: '7BIT',
    smtpUtf8: false,
    origin: { via, clientAddress: via === 'smtp' ? '192.0.2.1' : '', helo: '' },
  };
}

test('a message with a sender is reported to it, however it came', () => {
  for (const via of ['smtp', 'sendmail'] as const) {
    assert.deepEqual(addresseeOf(envelope(via, 'anna@example.org'), postmaster), {
      kind: 'sender',
      address: 'anna@example.org',
    });
  }
});

test('a message with the empty sender from outside is reported to nobody, whoever is the postmaster', () => {
  for (const via of ['smtp', 'sendmail'] as const) {
    assert.equal(addresseeOf(envelope(via, ''), postmaster).kind, 'nobody');
    assert.equal(addresseeOf(envelope(via, ''), undefined).kind, 'nobody');
  }
});

test('a report of our own that fails is for the postmaster', () => {
  assert.deepEqual(addresseeOf(envelope('bounce', ''), postmaster), {
    kind: 'postmaster',
    address: postmaster,
  });
});

test('a report of our own that fails ends without a postmaster', () => {
  const addressee = addresseeOf(envelope('bounce', ''), undefined);
  assert.ok(addressee.kind === 'nobody');
  assert.match(addressee.reason, /names no postmaster/u);
});

test('a notice to the postmaster is never reported, to a new postmaster neither', () => {
  const notice = envelope('notice', '', postmaster);
  assert.equal(addresseeOf(notice, postmaster).kind, 'nobody');
  assert.equal(addresseeOf(notice, 'other@example.com').kind, 'nobody');
});

test('a report about mail of the postmaster is not reported to the same mailbox, however it is written', () => {
  for (const to of [postmaster, 'Postmaster@Example.COM']) {
    assert.equal(addresseeOf(envelope('bounce', '', to), postmaster).kind, 'nobody');
  }
});
