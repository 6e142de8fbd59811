// Delimiters that a sender asked for by XVERP, in records: a version that an older Sluice does not read.

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

const plain: Envelope = {
  queueId: '036NANGK0030011',
  receivedAtMs: 1_763_800_000_123,
  reversePath: 'list@example.com',
  recipients: [{ address: 'b@example.net', route: 'out' }, { address: 'c@example.net' }],
  body: '8BITMIME',
  smtpUtf8: false,
  envelopeId: 'x y',
  tenant: 'news',
  priority: -3,
  quarantine: 'spam',
  tlsDemand: 'requiretls',
  origin: { via: 'lmtp', clientAddress: '192.0.2.1', helo: 'mx' },
};

for (const [kind, prefix, version, versionWithout] of [
  [kindMessage, undefined, 10, 8],
  [kindLarge, undefined, 10, 8],
  [kindLarge, Buffer.from('Received: x\r\n'), 11, 9],
] as const) {
  const what = `${kind === kindLarge ? 'a large message' : 'a message'} ${prefix === undefined ? 'without' : 'with'} a prefix`;
  test(`${what} has version ${version}, and ${versionWithout} without delimiters`, () => {
    for (const [envelope, wanted] of [
      [{ ...plain, verp: '-=' }, version],
      [plain, versionWithout],
    ] as const) {
      const head = encodeRecord(envelope, kind, 100, prefix?.length ?? 0, 0, prefix);
      stampRecord(head, 8, 0xdeadbeef);
      assert.equal(head[10], wanted);
      const parsed = parseHead(head, 0);
      assert.ok(parsed);
      assert.deepEqual(envelopeOf(head, 0, parsed), envelope);
      const outline = outlineOf(head, 0, parsed, envelope.queueId);
      assert.equal(outline.verp, wanted === version ? '-=' : undefined);
      assert.deepEqual(outline.addresses, ['b@example.net', 'c@example.net']);
      assert.equal(outline.quarantine, 'spam');
    }
  });
}
