// The user who handed a message in, and recipients that aliases have named, in records: a version that an older Sluice does not read. Records of older versions are read as before.

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
  tlsDemand: 'tls-required-no',
  origin: { via: 'lmtp', clientAddress: '192.0.2.1', helo: 'mx' },
};
const user = 'jürgen@example.com';

for (const [kind, prefix, version, versionWithout, versionOfVerp, versionOfAliases] of [
  [kindMessage, undefined, 12, 8, 10, 14],
  [kindLarge, undefined, 12, 8, 10, 14],
  [kindLarge, Buffer.from('Received: x\r\n'), 13, 9, 11, 15],
] as const) {
  const what = `${kind === kindLarge ? 'a large message' : 'a message'} ${prefix === undefined ? 'without' : 'with'} a prefix`;
  test(`${what} has version ${version} with a user, and the version of before without one`, () => {
    for (const [envelope, wanted] of [
      [{ ...plain, user }, version],
      [{ ...plain, verp: '+=', user }, version],
      [{ ...plain, verp: '+=' }, versionOfVerp],
      [{ ...plain, isExpanded: true }, versionOfAliases],
      [{ ...plain, verp: '+=', user, isExpanded: true }, versionOfAliases],
      [plain, versionWithout],
    ] satisfies [Envelope, number][]) {
      const head = encodeRecord(envelope, kind, 100, prefix?.length ?? 0, 0, prefix);
      stampRecord(head, 8, 0xdeadbeef);
      assert.equal(head[10], wanted);
      const parsed = parseHead(head, 0);
      assert.ok(parsed);
      assert.deepEqual(envelopeOf(head, 0, parsed), envelope);
      const outline = outlineOf(head, 0, parsed, envelope.queueId);
      assert.equal(outline.user, envelope.user);
      assert.deepEqual(outline.addresses, ['b@example.net', 'c@example.net']);
      assert.deepEqual(outline.routes, ['out', undefined]);
      assert.equal(outline.quarantine, 'spam');
    }
  });
}

test('a record that a Sluice without users wrote is read, octet by octet', () => {
  const parts = {
    flags: Buffer.from([1 | 16 | 32]),
    // By SMTP, with delimiters for VERP.
    way: Buffer.from([0x10]),
    strings: ['a@a.test', '192.0.2.1', 'mx.a.test', 'envelope', 'shop', '-='],
    recipient: Buffer.from([128]),
    ofRecipient: ['b@b.test', 'out'],
  };
  const stringOf = (text: string): Buffer => {
    const bytes = Buffer.from(text);
    return Buffer.concat([Buffer.from([bytes.length & 255, bytes.length >>> 8]), bytes]);
  };
  const bytes = Buffer.concat([
    parts.flags,
    parts.way,
    ...parts.strings.map(stringOf),
    parts.recipient,
    ...parts.ofRecipient.map(stringOf),
  ]);
  const written = encodeRecord(
    {
      queueId: '036NANGK0030011',
      receivedAtMs: 1_763_800_000_123,
      reversePath: 'a@a.test',
      recipients: [{ address: 'b@b.test', route: 'out' }],
      body: '8BITMIME',
      smtpUtf8: false,
      envelopeId: 'envelope',
      tenant: 'shop',
      verp: '-=',
      origin: { via: 'smtp', clientAddress: '192.0.2.1', helo: 'mx.a.test' },
    },
    kindMessage,
    100,
    100,
    0,
  );
  assert.equal(written[10], 10);
  assert.deepEqual(written.subarray(64, 64 + bytes.length), bytes);
  bytes.copy(written, 64);
  stampRecord(written, 8, 0xdeadbeef);
  const parsed = parseHead(written, 0);
  assert.ok(parsed);
  const read = envelopeOf(written, 0, parsed);
  assert.equal(read.user, undefined);
  assert.equal(read.verp, '-=');
  assert.deepEqual(read.recipients, [{ address: 'b@b.test', route: 'out' }]);
});
