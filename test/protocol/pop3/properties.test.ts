// However the bytes of a client are cut, a POP3 session says the same; and hostile bytes neither break it nor make it keep much.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { MessageLines, OctetCount } from '../../../src/protocol/pop3/message-lines.ts';
import { drive, usualMessages } from './drive.ts';

const word = fc.constantFrom(
  'USER joe',
  'PASS a b',
  'PASS x',
  'AUTH PLAIN',
  'AUTH PLAIN =',
  'AGpvZQBh',
  '*',
  'CAPA',
  'STLS',
  'UTF8',
  'STAT',
  'LIST',
  'LIST 2',
  'UIDL',
  'RETR 1',
  'RETR 2',
  'RETR 3',
  'TOP 2 1',
  'TOP 1 0',
  'DELE 1',
  'DELE 2',
  'RSET',
  'NOOP',
  'LAST',
  'QUIT',
  '',
  'X'.repeat(13_000),
);
const line = fc.tuple(word, fc.constantFrom('\r\n', '\n')).map(([text, end]) => text + end);
const commands = fc.array(line, { maxLength: 30 });

/** Cuts bytes at any places. */
function cut(bytes: Buffer, at: readonly number[]): Uint8Array[] {
  const places = [...new Set(at.map((one) => one % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...places].map((from, index) => bytes.subarray(from, places[index] ?? bytes.length));
}

/** STLS with something behind it ends the session: whether something is behind it depends on the cuts. */
const withoutTls = commands.map((lines) => lines.filter((one) => !one.startsWith('STLS')).join(''));

test('cuts change neither events nor replies', () => {
  fc.assert(
    fc.property(
      withoutTls,
      fc.boolean(),
      fc.array(fc.nat(), { maxLength: 20 }),
      fc.integer({ min: 1, max: 9 }),
      (text, isIn, at, pieceBytes) => {
        const bytes = Buffer.from(isIn ? `USER joe\r\nPASS a b\r\n${text}` : text);
        const whole = drive([bytes]);
        const pieces = drive(cut(bytes, at), { pieceBytes });
        assert.equal(pieces.output, whole.output);
        assert.deepEqual(pieces.events, whole.events);
      },
    ),
    { numRuns: 300 },
  );
});

test('hostile bytes are answered with lines, and never end in an error of ours', () => {
  const hostile = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    commands.map((lines) => Buffer.from(lines.join(''))),
    fc
      .tuple(word, fc.uint8Array({ maxLength: 30 }))
      .map(([text, bytes]) => Buffer.concat([Buffer.from(`${text} `), bytes, Buffer.from('\n')])),
  );
  fc.assert(
    fc.property(fc.array(hostile, { maxLength: 20 }), fc.boolean(), (chunks, isIn) => {
      const { output } = drive([...(isIn ? ['USER joe\r\nPASS a b\r\n'] : []), ...chunks]);
      assert.ok(output.endsWith('\r\n'));
      assert.ok(!/(?<!\r)\n|\r(?!\n)/u.test(output));
    }),
    { numRuns: 500 },
  );
});

const text = fc
  .array(fc.constantFrom('.', '..', 'a', '\n', '\r\n', '\r', '\n\n', '\n.\n', 'Subject: x\n'))
  .map((parts) => parts.join(''));

/** As a whole, by another way. */
function sentAs(content: string): string {
  const lines = content.replaceAll('\r\n', '\n').split('\n');
  const last = lines.pop() ?? '';
  // A carriage return at the end of the content is the first half of its last line end.
  if (last !== '') lines.push(last.replace(/\r$/u, ''));
  return lines.map((one) => `${one.startsWith('.') ? '.' : ''}${one}\r\n`).join('');
}

test('a message is sent alike however it is read, and has the size that is told', () => {
  fc.assert(
    fc.property(text, fc.array(fc.nat(), { maxLength: 10 }), (content, at) => {
      const bytes = Buffer.from(content);
      const lines = new MessageLines(undefined);
      const count = new OctetCount();
      const sent: Uint8Array[] = [];
      for (const piece of cut(bytes, at)) {
        sent.push(Buffer.from(lines.add(piece)));
        count.add(piece);
      }
      sent.push(lines.end());
      const output = Buffer.concat(sent).toString();
      assert.equal(output, sentAs(content));
      const stuffed = output.split('\r\n').filter((one) => one.startsWith('.'));
      assert.equal(count.octets, output.length - stuffed.length);
      assert.ok(!stuffed.includes('.'));
    }),
    { numRuns: 1000 },
  );
});

test('TOP sends the header and so many lines of the body, however they are read', () => {
  for (const content of [...usualMessages, 'A: b\n\n1\n2\n3', 'A: b\n', '\n\n', '\r\r\n\n\nx\n'])
    for (const most of [0, 1, 2, 10])
      for (const by of [1, 2, 3, 100]) {
        const lines = new MessageLines(most);
        const bytes = Buffer.from(content);
        const sent: Uint8Array[] = [];
        for (let at = 0; at < bytes.length && !lines.isOver; at += by)
          sent.push(Buffer.from(lines.add(bytes.subarray(at, at + by))));
        sent.push(lines.end());
        const all = sentAs(content).split('\r\n').slice(0, -1);
        const header = all.indexOf('');
        const expected = header === -1 ? all : all.slice(0, header + 1 + most);
        assert.equal(Buffer.concat(sent).toString(), expected.map((one) => `${one}\r\n`).join(''));
      }
});
