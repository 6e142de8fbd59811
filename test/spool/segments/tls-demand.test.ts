// What a message asks for about TLS (RFC 8689) in its record: a version that an older Sluice, which would ignore it, does not read.

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
  recipients: [{ address: 'b@example.net' }],
  body: '7BIT',
  smtpUtf8: false,
  quarantine: 'spam',
  origin: { via: 'lmtp', clientAddress: '192.0.2.1', helo: 'mx' },
};

for (const [kind, prefix, version] of [
  [kindMessage, undefined, 6],
  [kindLarge, undefined, 6],
  [kindLarge, Buffer.from('Received: x\r\n'), 7],
] as const) {
  const what = kind === kindLarge ? 'a large message' : 'a message';
  test(`${what} ${prefix === undefined ? 'without' : 'with'} a prefix has version ${version}`, () => {
    for (const tlsDemand of ['requiretls', 'tls-required-no'] as const) {
      const demanding = { ...envelope, tlsDemand };
      const head = encodeRecord(demanding, kind, 100, prefix?.length ?? 0, 0, prefix);
      stampRecord(head, 8, 0xdeadbeef);
      assert.equal(head[10], version);
      const parsed = parseHead(head, 0);
      assert.ok(parsed);
      assert.deepEqual(envelopeOf(head, 0, parsed), demanding);
      assert.equal(outlineOf(head, 0, parsed, envelope.queueId).tlsDemand, tlsDemand);
    }
  });
}
