// Routes that stages chose, in records: a version that an older Sluice, which would send the mail another way, does not read.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Envelope } from '../../../src/message/envelope.ts';
import {
  encodeRecord,
  envelopeOf,
  kindLarge,
  kindMessage,
  outlineOf,
  parseHead,
  stampRecord,
} from '../../../src/spool/segments/record.ts';

const envelope: Envelope = {
  queueId: '036NANGK0030011',
  receivedAtMs: 1_763_800_000_123,
  reversePath: 'a@example.com',
  recipients: [
    { address: 'b@example.net' },
    { address: 'c@example.net', route: 'pärtner', originalRecipient: 'rfc822;d@example.net' },
    {
      address: 'e@example.net',
      isCopy: true,
      notify: { never: true, success: false, failure: false, delay: false },
    },
    { address: 'f@example.net', route: 'x'.repeat(200) },
  ],
  body: '7BIT',
  smtpUtf8: false,
  quarantine: 'spam',
  tlsDemand: 'requiretls',
  origin: { via: 'lmtp', clientAddress: '192.0.2.1', helo: 'mx' },
};

for (const [kind, prefix, version] of [
  [kindMessage, undefined, 8],
  [kindLarge, undefined, 8],
  [kindLarge, Buffer.from('Received: x\r\n'), 9],
] as const) {
  const what = kind === kindLarge ? 'a large message' : 'a message';
  test(`${what} ${prefix === undefined ? 'without' : 'with'} a prefix has version ${version}`, () => {
    const head = encodeRecord(envelope, kind, 100, prefix?.length ?? 0, 0, prefix);
    stampRecord(head, 8, 0xdeadbeef);
    assert.equal(head[10], version);
    const parsed = parseHead(head, 0);
    assert.ok(parsed);
    assert.deepEqual(envelopeOf(head, 0, parsed), envelope);
    const outline = outlineOf(head, 0, parsed, envelope.queueId);
    assert.deepEqual(outline.routes, [undefined, 'pärtner', undefined, 'x'.repeat(200)]);
    assert.deepEqual(
      outline.addresses,
      envelope.recipients.map(({ address }) => address),
    );
    assert.deepEqual(outline.copies, [2]);
  });
}

test('an envelope without a chosen route has the version that it always had', () => {
  const plain = { ...envelope, recipients: [{ address: 'b@example.net' }] };
  const head = encodeRecord(plain, kindMessage, 100, 0, 0);
  stampRecord(head, 8, 0xdeadbeef);
  assert.equal(head[10], 6);
  const parsed = parseHead(head, 0);
  assert.ok(parsed);
  assert.equal(outlineOf(head, 0, parsed, plain.queueId).routes, undefined);
});
