// Replies of clamd to INSTREAM.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  chunkLength,
  ClamdReplyReader,
  type ClamdReply,
  mostReplyBytes,
} from '../../../src/protocol/clamd/instream.ts';

function read(...pieces: readonly (string | Uint8Array)[]): ClamdReply | undefined {
  const reader = new ClamdReplyReader();
  for (const piece of pieces) reader.receive(Buffer.from(piece as string, 'latin1'));
  return reader.reply;
}

const failed = (why: string): ClamdReply => ({ kind: 'failed', why });

for (const [text, expected] of [
  ['stream: OK\0', { kind: 'clean' }],
  ['stream: OK\n\0', { kind: 'clean' }],
  ['instream(127.0.0.1@4711): OK\0', { kind: 'clean' }],
  ['stream: Eicar-Test-Signature FOUND\0', { kind: 'virus', name: 'Eicar-Test-Signature' }],
  ['instream(local): Win.Test.EICAR_HDB-1 FOUND\0', { kind: 'virus', name: 'Win.Test.EICAR_HDB-1' }],
  ['stream: A(0123:68) FOUND\0', { kind: 'virus', name: 'A(0123:68)' }],
  ['stream: OK FOUND\0', { kind: 'virus', name: 'OK' }],
  ['stream: a\x07\xff FOUND\0', { kind: 'virus', name: 'a??' }],
  ['INSTREAM size limit exceeded. ERROR\0', { kind: 'too-large' }],
  ["INSTREAM: Can't allocate memory ERROR\0", failed("it said: INSTREAM: Can't allocate memory ERROR")],
  ['COMMAND READ TIMED OUT\0', failed('it said what is no reply: COMMAND READ TIMED OUT')],
  ['stream:  FOUND\0', failed('it said what is no reply: stream:  FOUND')],
  ['stream: FOUND\0', failed('it said what is no reply: stream: FOUND')],
  ['stream: ok\0', failed('it said what is no reply: stream: ok')],
  ['/etc/passwd: OK\0', failed('it said what is no reply: /etc/passwd: OK')],
  ['stream: OK\nstream: X FOUND\0', failed('it said what is no reply: stream: OK?stream: X FOUND')],
  ['\0', failed('it said what is no reply: ')],
  ['x'.repeat(mostReplyBytes + 1), failed('its reply is too long')],
  ['stream: OK', undefined],
] as const) {
  test(`${JSON.stringify(text.slice(0, 60))} is read as it is meant, however it is cut`, () => {
    assert.deepEqual(read(text), expected);
    assert.deepEqual(read(...text.split('')), expected);
  });
}

test('more than one reply is a failure, whichever comes first', () => {
  for (const pieces of [
    ['stream: OK\0stream: X FOUND\0'],
    ['stream: OK\0', 'stream: X FOUND\0'],
    ['stream: OK\0', '', 's'],
    ['stream: X FOUND\0stream: OK\0'],
    ['INSTREAM size limit exceeded. ERROR\0', '\0'],
  ])
    assert.deepEqual(read(...pieces), failed('it gave more than one reply'));
  assert.deepEqual(read('stream: OK\0', ''), { kind: 'clean' });
});

test('bytes of any kind are no reply that says clean, and are never kept without bounds', () => {
  const noise = fc.uint8Array({ maxLength: 200 });
  const piece = fc.oneof(
    noise,
    fc
      .constantFrom('stream: ', 'OK', ' FOUND', ' ERROR', '\0', '\n', 'instream(')
      .map((text) => Buffer.from(text)),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      const reply = read(...pieces);
      const [first = '', ...more] = Buffer.concat(pieces).toString('latin1').split('\0');
      if (more.length === 0 && first.length <= mostReplyBytes) assert.equal(reply, undefined);
      else assert.ok(reply !== undefined);
      const isClean = /^(in)?stream(\([^()]{0,200}\))?: OK[\r\n]*$/.test(first);
      assert.equal(reply?.kind === 'clean', isClean && more.length === 1 && more[0] === '');
      if (reply?.kind === 'virus') assert.match(reply.name, /^[\x20-\x7e]{1,200}$/);
      if (reply?.kind === 'failed') assert.match(reply.why, /^[\x20-\x7e]+$/);
    }),
    { numRuns: 2000 },
  );
});

test('lengths stand before chunks, the highest byte first', () => {
  assert.deepEqual([...chunkLength(0x01020304)], [1, 2, 3, 4]);
  assert.deepEqual([...chunkLength(131072)], [0, 2, 0, 0]);
});
