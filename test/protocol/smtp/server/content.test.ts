// Content compared with a model of string replacements: the pieces, the end of the message, and how few pieces there are.

import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { ServerSession } from '../../../../src/protocol/smtp/server/server-session.ts';
import { codes, cut, drive, usualOptions } from './drive.ts';

const start = 'EHLO c\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n';
const endOfContent = '\r\n.\r\n';
const bare = /\r(?!\n)|(?<!\r)\n/g;

/** Text that is mostly newlines and dots, in all orders. */
const nasty = fc
  .array(
    fc.oneof(fc.constantFrom('\r', '\n', '.', '\r\n', 'a', '\0', '\t', '\xff'), fc.string({ maxLength: 9 })),
    {
      maxLength: 40,
    },
  )
  .map((parts) => parts.join('').replaceAll(/[^\0-\xff]/g, '?'));

/** What DATA means by these bytes (RFC 5321 4.5.2), by string replacement. */
function model(sent: string): { content: string; rest: string } {
  const framed = `\r\n${sent}`;
  const end = framed.indexOf(endOfContent);
  const raw = framed.slice(0, end + 2);
  // A dot before a CR or LF alone is no stuffing: the line would be a dot for whoever takes them for newlines.
  const unstuffed = raw.replaceAll(/\r\n\.(?!\r(?!\n)|\n)/g, '\r\n').slice(2);
  return { content: unstuffed, rest: framed.slice(end + endOfContent.length) };
}

/** What the repair makes of content, by string replacement: CRs before an LF are part of its line end. */
function repaired(content: string): string {
  const lines = content.replaceAll(/\r*\n/g, '\n').replace(/\r+$/, '\n');
  const empty = lines.startsWith('\n') ? 0 : lines.indexOf('\n\n');
  const bodyStart = empty < 0 ? lines.length : empty;
  const header = lines.slice(0, bodyStart).replaceAll(/\r+/g, ' ');
  return `${header}${lines.slice(bodyStart).replaceAll(/\r+/g, '\n')}`.replaceAll('\n', '\r\n');
}

function dataContent(events: readonly string[]): string {
  const line = events.find((event) => event.startsWith('content '));
  return line === undefined ? '' : (JSON.parse(line.slice(8)) as string);
}

test('repaired content is that of the model, however it is cut', () => {
  fc.assert(
    fc.property(nasty, fc.array(fc.nat(300)), (text, positions) => {
      const sent = `${text}${endOfContent}`;
      const { content, rest } = model(sent);
      const bytes = Buffer.from(sent.slice(0, sent.length - rest.length), 'latin1');
      const chunks = cut(
        bytes,
        positions.map((position) => position % (bytes.length + 1)),
      );
      const { events } = drive([`${start}DATA\r\n`, ...chunks], { bareNewlines: 'repair' });
      assert.equal(dataContent(events), repaired(content));
      assert.equal(events.at(-1), 'end');
    }),
    { numRuns: 800 },
  );
});

test('content with a bare newline is refused, other content is that of the model', () => {
  fc.assert(
    fc.property(nasty, (text) => {
      const sent = `${text}${endOfContent}`;
      const { content, rest } = model(sent);
      const { events, output } = drive([`${start}DATA\r\n`, sent.slice(0, sent.length - rest.length)]);
      if (content.search(bare) >= 0) {
        assert.equal(events.at(-1), 'reset');
        assert.deepEqual(codes(output).slice(-2), ['354', '550 5.6.0']);
      } else {
        assert.equal(dataContent(events), content);
        assert.equal(events.at(-1), 'end');
      }
    }),
    { numRuns: 800 },
  );
});

test('dot-stuffed content is restored', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: fc.constantFrom('.', 'a', '\t', '\0', 'é'), maxLength: 6 })),
      (lines) => {
        const content = lines.map((line) => `${line}\r\n`).join('');
        const stuffed = content.replaceAll(/^\./gm, '..');
        const { events } = drive([`${start}DATA\r\n`, `${stuffed}.\r\n`]);
        assert.equal(dataContent(events), content);
      },
    ),
  );
});

test('a chunk without stuffed dots is one piece, a view of the chunk', () => {
  const session = new ServerSession(usualOptions);
  session.greet();
  session.receive(Buffer.from(`${start}DATA\r\n`));
  while (session.next() !== undefined) session.accept();
  const chunk = Buffer.from(`${'x'.repeat(70)}\r\n`.repeat(900));
  session.receive(chunk);
  const event = session.next();
  assert.ok(event?.kind === 'content');
  assert.equal(event.bytes.length, chunk.length);
  assert.equal(event.bytes.buffer, chunk.buffer);
  assert.equal(event.bytes.byteOffset, chunk.byteOffset);
  assert.equal(session.next(), undefined);
});

test('views are found at any alignment', () => {
  const slab = Buffer.alloc(256, 0x61);
  for (let offset = 0; offset < 9; offset++) {
    for (let length = 1; length < 24; length++) {
      const chunk = slab.subarray(offset, offset + length);
      chunk.fill(0x61);
      chunk[length - 1] = 0x0a;
      const { events } = drive([`${start}DATA\r\n`, chunk]);
      assert.equal(events.at(-1), 'reset', `a bare LF at ${offset}+${length - 1}`);
    }
  }
});

test('a message that is too large is refused at its end, and dropped until then', () => {
  const { events, output } = drive(
    [`${start}DATA\r\n`, ...Array.from({ length: 50 }, () => `${'x'.repeat(98)}\r\n`), '.\r\n', 'NOOP\r\n'],
    { maxMessageBytes: 1000 },
  );
  assert.equal(dataContent(events).length, 1000);
  assert.equal(events.at(-1), 'reset');
  assert.deepEqual(codes(output).slice(4), ['354', '552 5.3.4', '250 2.0.0']);
});

test('a message of exactly the largest size is accepted; stuffed dots and the end mark do not count', () => {
  const { events } = drive([`${start}DATA\r\n`, '..234567\r\n.\r\n'], { maxMessageBytes: 9 });
  assert.deepEqual(events.slice(-2), ['content ".234567\\r\\n"', 'end']);
});

test('the size of chunks adds up', () => {
  const { events, output } = drive([`${start}BDAT 6\r\n1234\r\nBDAT 5 LAST\r\n123\r\nNOOP\r\n`], {
    maxMessageBytes: 10,
  });
  assert.deepEqual(events.slice(3), ['data', 'content "1234\\r\\n"', 'reset']);
  assert.deepEqual(codes(output).slice(4), ['250 2.0.0', '552 5.3.4', '250 2.0.0']);
});

test('a line longer than the limit is refused; one of exactly that length is not', () => {
  const limit = { maxTextLineBytes: 10 };
  assert.equal(drive([`${start}DATA\r\n`, '..2345678\r\n.\r\n'], limit).events.at(-1), 'end');
  const { events, output } = drive([`${start}DATA\r\n`, 'ok\r\n123456789\r\nmore\r\n.\r\n'], limit);
  assert.deepEqual(events.slice(-2), ['content "ok\\r\\n123456789\\r"', 'reset']);
  assert.deepEqual(codes(output).slice(4), ['354', '554 5.6.0']);
});

test('the phase tells which timeout is due', () => {
  const { session } = drive([start]);
  assert.equal(session.phase, 'command');
  assert.equal(session.inTransaction, true);
  session.receive(Buffer.from('DATA\r\n'));
  session.next();
  session.accept();
  assert.equal(session.phase, 'content');
  session.receive(Buffer.from('.\r\n'));
  assert.equal(session.next()?.kind, 'end');
  session.accept();
  assert.equal(session.phase, 'command');
  assert.equal(session.inTransaction, false);
});
