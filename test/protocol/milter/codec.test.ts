// Packets of milters, byte by byte: what is understood, what is not, and that hostile bytes cost nothing but their session.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type MilterAnswer, readAnswer } from '../../../src/protocol/milter/answer.ts';
import { termsOf } from '../../../src/protocol/milter/flags.ts';
import { MilterSession } from '../../../src/protocol/milter/milter-session.ts';
import { agree, offerPayload } from '../../../src/protocol/milter/negotiation.ts';
import { maxPacketBytes, PacketReader } from '../../../src/protocol/milter/packet-reader.ts';
import { readReplyCode } from '../../../src/protocol/milter/reply-code.ts';
import { usualMacros } from '../../../src/values/milter-macros.ts';
import { number, packet } from '../../policy/milter/scripted-milter.ts';

test('packets come out as they went in, however they were cut', () => {
  const packets = fc.array(fc.tuple(fc.constantFrom(...'cardtyqbhim+-'), fc.uint8Array({ maxLength: 100 })));
  fc.assert(
    fc.property(packets, fc.array(fc.nat(20), { minLength: 1 }), (all, cuts) => {
      const bytes = Buffer.concat(all.map(([letter, payload]) => packet(letter, Buffer.from(payload))));
      const reader = new PacketReader();
      const read: [string, string][] = [];
      for (let at = 0, cut = 0; at < bytes.length; cut++) {
        const end = at + (cuts[cut % cuts.length] ?? 0) + 1;
        reader.push(bytes.subarray(at, end));
        at = end;
        for (let next = reader.next(); next !== undefined; next = reader.next()) {
          assert.ok(next !== 'malformed');
          read.push([next.letter, next.payload.toString('hex')]);
        }
      }
      assert.deepEqual(
        read,
        all.map(([letter, payload]) => [letter, Buffer.from(payload).toString('hex')]),
      );
      assert.equal(reader.bytes, 0);
    }),
  );
});

test('a length that no packet has is malformed before its bytes have come', () => {
  for (const length of [0, maxPacketBytes + 1, 0xffffffff]) {
    const reader = new PacketReader();
    reader.push(number(length));
    assert.equal(reader.next(), 'malformed');
  }
});

const replies: readonly (readonly [string, ReturnType<typeof readReplyCode>])[] = [
  ['550 5.7.1 no', { code: 550, enhanced: '5.7.1', lines: ['no'] }],
  ['451 later', { code: 451, enhanced: undefined, lines: ['later'] }],
  ['550', { code: 550, enhanced: undefined, lines: [''] }],
  ['550 5.7.1', { code: 550, enhanced: '5.7.1', lines: [''] }],
  ['550 100%% sure\r\n', { code: 550, enhanced: undefined, lines: ['100% sure'] }],
  ['550-5.7.1 a\r\n550-5.7.1 b\n550 5.7.1 c', { code: 550, enhanced: '5.7.1', lines: ['a', 'b', 'c'] }],
  ['550-a\r\n550 5.7.1 b', { code: 550, enhanced: undefined, lines: ['a', '5.7.1 b'] }],
  ['250 2.0.0 fine', undefined],
  ['650 no', undefined],
  ['55', undefined],
  ['550x', undefined],
  ['', undefined],
  ['550 4.7.1 other class', undefined],
  ['550-a\r\n551 b', undefined],
  ['550 a\r\n550 b', undefined],
  ['550-a', undefined],
  ['550 a\rb', undefined],
  ['550 a\0b', undefined],
];
for (const [text, expected] of replies) {
  test(`the reply ${JSON.stringify(text)} is ${expected === undefined ? 'none' : 'read'}`, () => {
    assert.deepEqual(readReplyCode(text), expected);
  });
}

const answers: readonly (readonly [Buffer, MilterAnswer])[] = [
  [packet('c'), { kind: 'continue' }],
  [packet('a', 'rubbish'), { kind: 'accept' }],
  [packet('q', 'why\0'), { kind: 'quarantine', reason: 'why' }],
  [packet('h', 'A\0b\0'), { kind: 'edit', edit: { kind: 'add-header', name: 'A', value: 'b' } }],
  [
    packet('i', number(3), 'A\0\xe9\0'),
    { kind: 'edit', edit: { kind: 'insert-header', index: 3, name: 'A', value: '\xe9' } },
  ],
  [
    packet('m', number(1), 'A\0\0'),
    { kind: 'edit', edit: { kind: 'change-header', index: 1, name: 'A', value: '' } },
  ],
  [packet('+', '<a>\0'), { kind: 'edit', edit: { kind: 'add-recipient', address: '<a>', parameters: '' } }],
  [
    packet('2', '<a>\0NOTIFY=NEVER\0'),
    { kind: 'edit', edit: { kind: 'add-recipient', address: '<a>', parameters: 'NOTIFY=NEVER' } },
  ],
  [packet('-', '<a>\0'), { kind: 'edit', edit: { kind: 'delete-recipient', address: '<a>' } }],
  [packet('e', '<>\0'), { kind: 'edit', edit: { kind: 'change-sender', address: '<>', parameters: '' } }],
  [packet('b', 'x'), { kind: 'body', bytes: Buffer.from('x') }],
];
for (const [bytes, expected] of answers) {
  test(`the answer ${JSON.stringify(bytes.toString('latin1', 4))} is ${expected.kind}`, () => {
    assert.deepEqual(
      readAnswer({ letter: bytes.toString('latin1', 4, 5), payload: bytes.subarray(5) }),
      expected,
    );
  });
}

test('flags that were not offered, or that a version does not know, mean nothing', () => {
  const answered = (version: number, steps: number) =>
    agree(termsOf(6), offerPayload({ version, actions: 0, steps }), usualMacros);
  for (const [version, steps, expected] of [
    [6, 0xffffffff, 0x1fffff],
    [4, 0xffffffff, 0x37f],
    [3, 0xffffffff, 0x17f],
    [2, 0xffffffff, 0x7f],
  ] as const) {
    const agreement = answered(version, steps);
    assert.ok(typeof agreement === 'object');
    assert.equal(agreement.steps, expected);
  }
  assert.match(String(agree(termsOf(2), offerPayload(termsOf(6)), usualMacros)), /version 6/);
});

test('whatever a milter sends, a session ends in verdicts or is broken, and never more than one packet is kept', () => {
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes)),
    fc
      .tuple(
        fc.constantFrom(...'cardtysp4fyqbhim+-2eO'),
        fc.constantFrom('', 'A\0', 'A\0b\0', '\0\0\0\x01A\0b\0', '550 5.0.0 x\0', '<a@b>\0'),
      )
      .map(([letter, payload]) => packet(letter, payload)),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), fc.boolean(), (pieces, negotiates) => {
      const session = new MilterSession(termsOf(6), usualMacros);
      const none = (): undefined => undefined;
      if (negotiates) session.receive(packet('O', offerPayload({ version: 6, actions: 0x1ff, steps: 0 })));
      assert.equal(session.next()?.kind, negotiates ? 'negotiated' : undefined);
      let broken = false;
      if (negotiates) {
        session.connect({ name: 'a', address: undefined }, none);
        session.mail('a@b', [], none);
        session.rcpt('c@d', [], none);
        session.header({ name: 'A', value: ' b' });
        session.endOfHeaders(none);
        session.body(Buffer.from('x'));
        session.endOfMessage(none);
      }
      for (const bytes of pieces) {
        session.receive(bytes);
        for (let event = session.next(); event !== undefined; event = session.next()) {
          assert.ok(!broken, 'it said something after it was broken');
          if (event.kind === 'broken') {
            broken = true;
            assert.match(event.why, /^it /);
          }
        }
        if (!broken && !session.isBroken) assert.ok(session.inputBytes <= 5 + maxPacketBytes);
      }
      assert.ok(session.takeOutput().length > 0);
    }),
    { numRuns: 500 },
  );
});

test('what came before a question is no answer to it', () => {
  const session = new MilterSession(termsOf(6), usualMacros);
  const none = (): undefined => undefined;
  session.receive(packet('O', offerPayload({ version: 6, actions: 0x1ff, steps: 0 })));
  assert.deepEqual(session.next(), { kind: 'negotiated' });
  session.connect({ name: 'a', address: undefined }, none);
  session.receive(Buffer.concat([packet('c'), packet('r')]));
  assert.deepEqual(session.next(), { kind: 'verdict', on: 'connect', verdict: { kind: 'continue' } });
  session.helo('a', none);
  assert.deepEqual(session.next(), { kind: 'broken', why: 'it answered to nothing' });
});
