// The bytes of every structure in docs/spool-format.md, by one example each. If an expectation here must change, the format
// changes: it needs a new version number, and a reader for both versions.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import type { Envelope, EnvelopeRecipient } from '../../../src/message/envelope.ts';
import { envelopeFormatVersion } from '../../../src/spool/segments/envelope-version.ts';
import { RefusalForms } from '../../../src/spool/segments/refusal-forms.ts';
import {
  EntryBuffer,
  encodeJournalHeader,
  visitEntries,
} from '../../../src/spool/segments/journal-entries.ts';
import { counterLimit, formatQueueId, isQueueId, segmentName } from '../../../src/spool/queue-id.ts';
import {
  kindLarge,
  kindMessage,
  encodeRecord,
  envelopeOf,
  isLargeLength,
  outlineOf,
  parseHead,
  stampRecord,
  storedCrcOf,
} from '../../../src/spool/segments/record.ts';
import { encodeSegmentHeader, parseSegmentHeader } from '../../../src/spool/segments/segment-header.ts';
import { IndexBuilder } from '../../../src/spool/segments/segment-index.ts';
import { encodeRefusal } from '../../../src/message/refusal-form.ts';
import { saidForm } from '../../refusals.ts';

const someSegment = 1_763_800_000_000 * 64 + 3;
const tag = 0xdeadbeef;

const envelope: Envelope = {
  queueId: '036NANGK0030011',
  receivedAtMs: 1_763_800_000_123,
  reversePath: 'a@é.example',
  recipients: [
    {
      address: 'b@example.net',
      notify: { never: false, success: true, failure: false, delay: true },
      originalRecipient: 'rfc822;c@example.org',
    },
    { address: 'd@example.net' },
  ],
  body: '8BITMIME',
  smtpUtf8: true,
  ret: 'HDRS',
  envelopeId: 'Q1',
  origin: { via: 'smtp', clientAddress: '192.0.2.1', helo: 'mx' },
};

const envelopeBytes = [
  '1b00', // 8BITMIME, SMTPUTF8, RET=HDRS, ENVID; via smtp
  '0c00 6140c3a92e6578616d706c65',
  '0900 3139322e302e322e31',
  '0200 6d78',
  '0200 5131',
  '35 0d00 62406578616d706c652e6e6574 1400 7266633832323b63406578616d706c652e6f7267',
  '00 0d00 64406578616d706c652e6e6574',
];

function hex(...lines: string[]): string {
  return lines.join('').replaceAll(' ', '');
}

test('a queue id is eleven digits of a segment id and four digits of a counter', () => {
  assert.equal(segmentName(someSegment), '036NANGK003');
  assert.equal(formatQueueId(segmentName(someSegment), 33), envelope.queueId);
  assert.equal(formatQueueId(segmentName(0), counterLimit - 1), '00000000000ZZZZ');
  for (const text of [
    '',
    '036NANGK00300',
    '036NANGK003001U',
    '036nangk0030011',
    'ZZZZZZZZZZZ0000',
    '../../etc/passw',
  ]) {
    assert.equal(isQueueId(text), false, text);
  }
});

test('the record of a message', () => {
  const content = Buffer.from('Subject: x\r\n\r\nhi\r\n');
  const head = encodeRecord(envelope, kindMessage, content.length, content.length, crc32(content));
  stampRecord(head, 7, tag);
  const expected = hex(
    '534c5243 86e15ac8 01 00 01 00 07000000', // magic, checksum, message, no codec, envelope version 1, commit 7
    '038009abaa660000 21000000 02000000', // queue id, recipients
    '7b26acaa9a010000 1200000000000000', // time, size
    '12000000 93e92565 5e000000 efbeadde', // content length and checksum, envelope length, tag
    ...envelopeBytes,
    '0000000000', // padding: the record is 176 bytes with its content
  );
  assert.equal(head.toString('hex'), expected);
  assert.equal((head.length + content.length) % 16, 0);
  const parsed = parseHead(head, 0);
  assert.ok(parsed);
  assert.deepEqual(envelopeOf(head, 0, parsed), envelope);
  assert.equal(isLargeLength(parsed.length), false);
});

test('the record of a large message', () => {
  const head = encodeRecord(envelope, kindLarge, 5_000_000_000, 0, 0x12345678);
  stampRecord(head, 8, tag);
  const expected = hex(
    '534c5243 3f6ed10c 02 00 01 00 08000000',
    '038009abaa660000 21000000 02000000',
    '7b26acaa9a010000 00f2052a01000000',
    '00000000 78563412 68000000 efbeadde',
    ...envelopeBytes,
    '000000000000000000000000000000',
  );
  assert.equal(head.toString('hex'), expected);
  assert.equal(head.length % 16, 8);
  assert.equal(isLargeLength(head.length), true);
});

test('the record of a large message with a prefix', () => {
  const prefix = Buffer.from('Received: x\r\n');
  const head = encodeRecord(envelope, kindLarge, 5_000_000_013, prefix.length, 0x12345678, prefix);
  stampRecord(head, 8, tag);
  const expected = hex(
    '534c5243 9233301c 02 00 04 00 08000000', // ... version 4
    '038009abaa660000 21000000 02000000',
    '7b26acaa9a010000 0df2052a01000000', // time, size of prefix and content
    '0d000000 78563412 6b000000 efbeadde', // length of the prefix, checksum of the file
    'e9c085bc', // checksum of the prefix
    ...envelopeBytes,
    '0000000000000000000000000000', // padding: the record is 184 bytes with its prefix
  );
  assert.equal(head.toString('hex'), expected);
  assert.equal((head.length + prefix.length) % 16, 8);
  const parsed = parseHead(head, 0);
  assert.ok(parsed);
  assert.equal(isLargeLength(parsed.length), true);
  assert.equal(storedCrcOf(head, 0, parsed), crc32(prefix));
  assert.deepEqual(envelopeOf(head, 0, parsed), envelope);
});

test('a notice to the postmaster has envelope version 3, a report to a sender has version 1', () => {
  const record = (via: Envelope['origin']['via']) =>
    encodeRecord({ ...envelope, origin: { via, clientAddress: '', helo: '' } }, kindMessage, 0, 0, 0);
  const notice = record('notice');
  stampRecord(notice, 8, tag);
  assert.equal(notice[10], 3);
  assert.equal(notice.toString('hex', 64, 66), '1b03');
  const parsed = parseHead(notice, 0);
  assert.ok(parsed);
  assert.equal(envelopeOf(notice, 0, parsed).origin.via, 'notice');
  assert.equal(record('bounce')[10], 1);
  assert.equal(record('bounce').toString('hex', 64, 66), '1b02');
});

test('an envelope with a tenant or a priority has version 2, any other version 1', () => {
  const sorted = { ...envelope, tenant: 'shop', priority: -4 };
  const head = encodeRecord(sorted, kindLarge, 5_000_000_000, 0, 0x12345678);
  stampRecord(head, 8, tag);
  const expected = hex(
    '534c5243 c78d4318 02 00 02 00 08000000', // ... envelope version 2
    '038009abaa660000 21000000 02000000',
    '7b26acaa9a010000 00f2052a01000000',
    '00000000 78563412 68000000 efbeadde',
    '7b00', // the flags of version 1, tenant, and priority
    ...envelopeBytes.slice(1, 5),
    '0400 73686f70 fc', // tenant, priority
    ...envelopeBytes.slice(5),
    '0000000000000000',
  );
  assert.equal(head.toString('hex'), expected);
  const parsed = parseHead(head, 0);
  assert.ok(parsed);
  assert.deepEqual(envelopeOf(head, 0, parsed), sorted);
  const version = (changed: Partial<Envelope>) =>
    encodeRecord({ ...envelope, ...changed }, kindMessage, 0, 0, 0)[10];
  assert.equal(version({ tenant: '' }), 1);
  assert.equal(version({ tenant: 'a' }), 2);
  assert.equal(version({ priority: 0 }), 2);
  head[10] = envelopeFormatVersion + 1;
  stampRecord(head, 8, tag);
  const unknown = parseHead(head, 0);
  assert.ok(unknown);
  assert.throws(() => outlineOf(head, 0, unknown, envelope.queueId), { code: 'SPOOL_FORMAT' });
});

test('an envelope with a quarantine has version 5, and that of a large message with a prefix version 4', () => {
  const quarantined = { ...envelope, priority: 1, quarantine: 'spam' };
  for (const [kind, prefix, version] of [
    [kindMessage, undefined, 5],
    [kindLarge, undefined, 5],
    [kindLarge, Buffer.from('Received: x\r\n'), 4],
  ] as const) {
    const head = encodeRecord(quarantined, kind, 100, prefix?.length ?? 0, 0, prefix);
    stampRecord(head, 8, tag);
    assert.equal(head[10], version);
    const parsed = parseHead(head, 0);
    assert.ok(parsed);
    assert.deepEqual(envelopeOf(head, 0, parsed), quarantined);
    assert.equal(outlineOf(head, 0, parsed, envelope.queueId).quarantine, 'spam');
  }
  const at = encodeRecord(quarantined, kindMessage, 0, 0, 0).indexOf(
    '0400737061 6d'.replace(' ', ''),
    64,
    'hex',
  );
  assert.ok(at > 64, 'the reason is a string after the priority');
});

test('the header of a segment and of its index', () => {
  const header = { id: someSegment, epoch: someSegment - 64, tag, longLived: true, unsynced: false };
  const bytes = encodeSegmentHeader(header);
  assert.equal(
    bytes.toString('hex'),
    hex('534c5347 566377bc 01 01 0000 efbeadde 038009abaa660000 c37f09abaa660000'),
  );
  assert.deepEqual(parseSegmentHeader(bytes), header);
  const head = encodeRecord(envelope, kindLarge, 5_000_000_000, 0, 0x12345678);
  stampRecord(head, 8, tag);
  const builder = new IndexBuilder();
  builder.add(32, head);
  const [indexHeader, body] = builder.finish(someSegment, 1000);
  assert.equal(
    indexHeader?.toString('hex'),
    hex('534c4958 430374ab 0100 0000 01000000 038009abaa660000 e803000000000000 b0000000 36a75d68'),
  );
  assert.equal(body?.toString('hex'), hex('2000000000000000', head.toString('hex')));
});

test('the header of a journal file, and a frame with every kind of entry', () => {
  assert.equal(
    encodeJournalHeader(5, tag).toString('hex'),
    hex('534c4a4e 746f44ea 01 000000 efbeadde 0500000000000000 0000000000000000'),
  );
  assert.equal(
    encodeJournalHeader(5, tag, 1, 4096).toString('hex'),
    hex('534c4a4e 6e19e916 01 01 0000 efbeadde 0500000000000000 0010000000000000'),
  );
  const entries = new EntryBuffer();
  entries.message(1, someSegment, 33);
  entries.message(4, someSegment, 34);
  entries.message(5, someSegment, 34);
  entries.recipientDone(someSegment, 35, 2);
  const refusal = encodeRefusal({
    by: { kind: 'remote', host: 'mx.test', address: '192.0.2.1', port: 25 },
    during: 'RCPT',
    code: 451,
    enhanced: '4.7.1',
    lines: ['zu', 'spät'],
    permanent: false,
  });
  assert.equal(refusal, 'R1["remote","mx.test","192.0.2.1",25,"RCPT",451,"4.7.1",0,"zu","spät"]');
  entries.refusal(9, refusal);
  entries.deferred(someSegment, 36, 1, 3, 1_763_800_060_000, 9);
  entries.doneRanges(someSegment, [0, 5, 9, 1]);
  entries.warned(someSegment, 37, 14_400_000);
  entries.message(9, someSegment, 38);
  const frame = entries.take(1, tag, 32);
  const id = '038009abaa660000';
  assert.equal(
    frame.toString('hex'),
    hex(
      '534c4a46 5b25f311 e6000000 01000000 efbeadde 20000000', // magic, checksum, length, kind, tag, synced length
      `01 ${id} 21000000`, // done
      `04 ${id} 22000000`, // held
      `05 ${id} 22000000`, // released
      `02 ${id} 23000000 02000000`, // recipient 2 done
      '06 09000000 4700', // refusal 9: R1["remote","mx.test","192.0.2.1",25,"RCPT",451,"4.7.1",0,"zu","spät"]
      '52315b2272656d6f7465222c226d782e74657374222c223139322e302e322e31222c32352c2252435054222c',
      '3435312c22342e372e31222c302c227a75222c227370c3a474225d',
      `03 ${id} 24000000 01000000 03000000 000006d1aaaa7942 09000000`, // recipient 1 deferred
      `07 ${id} 02000000 00000000 05000000 09000000 01000000`, // counters 0 to 4 and 9 done
      `08 ${id} 25000000 0000000040776b41`, // warned after four hours
      `09 ${id} 26000000`, // passes routes that hold mail
    ),
  );
  const seen: unknown[] = [];
  visitEntries(frame.subarray(24), new Map(), {
    done: (...entry) => seen.push(['done', ...entry]),
    recipientDone: (...entry) => seen.push(['recipientDone', ...entry]),
    deferred: (...entry) => seen.push(['deferred', ...entry]),
    held: (...entry) => seen.push(['held', ...entry]),
    warned: (...entry) => seen.push(['warned', ...entry]),
    passesHolds: (...entry) => seen.push(['passesHolds', ...entry]),
  });
  assert.deepEqual(seen, [
    ['done', someSegment, 33, 1],
    ['held', someSegment, 34, true],
    ['held', someSegment, 34, false],
    ['recipientDone', someSegment, 35, 2],
    ['deferred', someSegment, 36, 1, 3, 1_763_800_060_000, refusal],
    ['done', someSegment, 0, 5],
    ['done', someSegment, 9, 1],
    ['warned', someSegment, 37, 14_400_000],
    ['passesHolds', someSegment, 38],
  ]);
});

const text = fc.oneof(fc.string({ unit: 'grapheme', maxLength: 60 }), fc.string({ maxLength: 300 }));

const notify = fc.record({
  never: fc.boolean(),
  success: fc.boolean(),
  failure: fc.boolean(),
  delay: fc.boolean(),
});

const recipient: fc.Arbitrary<EnvelopeRecipient> = fc.record(
  { address: text, isCopy: fc.constant(true as const), notify, originalRecipient: text },
  { requiredKeys: ['address'] },
);

const anyEnvelope: fc.Arbitrary<Envelope> = fc.record(
  {
    queueId: fc
      .tuple(fc.maxSafeNat(), fc.nat(counterLimit - 1))
      .map(([segment, counter]) => formatQueueId(segmentName(segment), counter)),
    receivedAtMs: fc.maxSafeNat(),
    reversePath: text,
    recipients: fc.array(recipient, { minLength: 1, maxLength: 20 }),
    body: fc.constantFrom('7BIT', '8BITMIME'),
    smtpUtf8: fc.boolean(),
    ret: fc.constantFrom('FULL', 'HDRS'),
    envelopeId: text,
    tenant: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }),
    priority: fc.integer({ min: -9, max: 9 }),
    quarantine: text,
    tlsDemand: fc.constantFrom('requiretls', 'tls-required-no'),
    origin: fc.record({
      via: fc.constantFrom('smtp', 'sendmail', 'bounce', 'notice'),
      clientAddress: text,
      helo: text,
    }),
  },
  { requiredKeys: ['queueId', 'receivedAtMs', 'reversePath', 'recipients', 'body', 'smtpUtf8', 'origin'] },
);

test('every envelope is decoded as it was encoded, and any flipped bit is found', () => {
  fc.assert(
    fc.property(anyEnvelope, fc.nat(), fc.nat(100_000), (envelope, bit, contentLength) => {
      const head = encodeRecord(envelope, kindMessage, contentLength, contentLength, 0);
      stampRecord(head, 1, tag);
      assert.equal((head.length + contentLength) % 16, 0);
      const parsed = parseHead(head, 0);
      assert.ok(parsed);
      // Records of fast-check have no prototype, decoded envelopes have one.
      assert.deepEqual(envelopeOf(head, 0, parsed), structuredClone(envelope));
      const { addresses, reversePath, tenant, priority } = outlineOf(head, 0, parsed, envelope.queueId);
      assert.deepEqual(
        addresses,
        envelope.recipients.map(({ address }) => address),
      );
      assert.deepEqual(
        [reversePath, tenant, priority],
        [envelope.reversePath, envelope.tenant, envelope.priority],
      );
      const at = bit % (head.length * 8);
      const byte = at >>> 3;
      head[byte] = (head[byte] ?? 0) ^ (1 << (at & 7));
      assert.equal(parseHead(head, 0), undefined);
    }),
    { numRuns: 300 },
  );
});

test('an envelope that cannot be stored is refused', () => {
  const refuse = (changed: Partial<Envelope>): void => {
    assert.throws(() => encodeRecord({ ...envelope, ...changed }, kindMessage, 0, 0, 0), {
      code: 'SPOOL_BAD_ENVELOPE',
    });
  };
  refuse({ queueId: 'not-a-queue-id!' });
  refuse({ recipients: [] });
  refuse({ reversePath: 'x'.repeat(65_536) });
});

test('the form of a refusal is kept once, and forgotten with its last use', () => {
  const refusals = new RefusalForms();
  const [later, full] = ['451 later', '452 full'].map((reply) => saidForm(reply));
  assert.ok(later !== undefined && full !== undefined);
  const first = refusals.retain(later);
  assert.equal(refusals.retain(saidForm('451 later')), first);
  assert.equal(refusals.retain(''), 0);
  assert.equal(refusals.markWrittenIn(1, first), true);
  assert.equal(refusals.markWrittenIn(1, first), false);
  assert.equal(refusals.markWrittenIn(2, first), true);
  refusals.release(first);
  assert.equal(refusals.form(first), later);
  refusals.release(first);
  assert.equal(refusals.form(first), '');
  const other = refusals.retain(full);
  assert.equal(other, first, 'the number is reused');
  assert.equal(refusals.markWrittenIn(2, other), true, 'and its form is written again');
});
