// For any content, received in any way and cut anywhere: every reader of the relayed message finds the header fields that Sluice saw,
// and the same end of the message, whichever bytes it takes for a line end (RFC 5321 2.3.8, 4.1.1.4).

import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { FieldScanner, nameBytes } from '../../src/message/field-scanner.ts';
import { headerFields } from '../../src/message/header-fields.ts';
import { LineEndings } from '../../src/message/line-endings.ts';
import { prepareSubmission } from '../../src/message/submission.ts';
import { DotStuffer } from '../../src/protocol/smtp/client/dot-stuffer.ts';
import { ServerSession } from '../../src/protocol/smtp/server/server-session.ts';
import { cut, usualOptions } from '../protocol/smtp/server/drive.ts';

/** Bytes that are mostly line ends, dots and fields. */
const nasty = fc
  .array(
    fc.oneof(
      { weight: 5, arbitrary: fc.constantFrom('\r', '\n', '\r\n', '\r\r\n', '.', ' ', 'a', ':') },
      { weight: 2, arbitrary: fc.constantFrom('Subject: x', 'Bcc: v@x', 'To: a@b', 'X: y', '\0', '\x85') },
      { weight: 1, arbitrary: fc.string({ maxLength: 5 }) },
    ),
    { maxLength: 40 },
  )
  .map((parts) => Buffer.from(parts.join(''), 'latin1'));
const cuts = fc.array(fc.nat(500), { maxLength: 6 });

function cutAt(bytes: Uint8Array, positions: readonly number[]): Uint8Array[] {
  return cut(
    bytes,
    positions.map((position) => position % (bytes.length + 1)),
  );
}

/** Counts fields as the receiver does while a message comes in. */
class BccCounter extends FieldScanner {
  constructor() {
    super([nameBytes('bcc')]);
  }

  protected override valueByte(): boolean {
    return false;
  }
}

/** What readers of the next hop may take for a line end. */
const readers: readonly (readonly [name: string, lineEnd: RegExp])[] = [
  ['CRLF', /\r\n/],
  ['LF', /\r?\n/],
  ['CRLF, CR or LF', /\r\n|\r|\n/],
];

/** How many Bcc fields a reader finds. */
function bccOf(content: string, lineEnd: RegExp): number {
  const lines = content.split(lineEnd);
  const end = lines.indexOf('');
  return lines.slice(0, end === -1 ? lines.length : end).filter((line) => /^bcc[ \t]*:/i.test(line)).length;
}

/** What a session takes as the content of one message; undefined if it refuses it. */
function received(
  bytes: Uint8Array,
  positions: readonly number[],
  way: 'DATA' | 'BDAT',
  bareNewlines: 'refuse' | 'repair',
): { readonly content: string; readonly seen: number } | undefined {
  const session = new ServerSession({ ...usualOptions, bareNewlines });
  session.greet();
  const counter = new BccCounter();
  const pieces: Buffer[] = [];
  let taken = false;
  const send = (chunk: Uint8Array | string): void => {
    session.receive(Buffer.from(chunk));
    for (let event = session.next(); event !== undefined; event = session.next()) {
      if (event.kind === 'content') {
        pieces.push(Buffer.from(event.bytes));
        counter.push(event.bytes);
      }
      if (event.kind === 'end') taken = true;
      if (session.awaitingAnswer) session.accept();
    }
  };
  send('EHLO c\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n');
  if (way === 'DATA') {
    send('DATA\r\n');
    const sent = Buffer.concat([bytes, Buffer.from('\r\n.\r\n')]);
    for (const chunk of cutAt(sent.subarray(0, sent.indexOf('\r\n.\r\n') + 5), positions)) send(chunk);
  } else {
    const chunks = cutAt(bytes, positions);
    for (const [index, chunk] of chunks.entries()) {
      send(`BDAT ${chunk.length}${index === chunks.length - 1 ? ' LAST' : ''}\r\n`);
      send(chunk);
    }
  }
  return taken ? { content: Buffer.concat(pieces).toString('latin1'), seen: counter.count } : undefined;
}

/** What is sent to the next hop, up to and with the end of the message. */
function relayed(content: string): string {
  const stuffer = new DotStuffer();
  const views = stuffer.dotStuff(Buffer.from(content, 'latin1'));
  return Buffer.concat([...views, stuffer.endOfData()]).toString('latin1');
}

function assertAllReadersAgree(content: string, seen: number): void {
  assert.doesNotMatch(content, /\r(?!\n)|(?<!\r)\n/);
  for (const [name, lineEnd] of readers) assert.equal(bccOf(content, lineEnd), seen, name);
  const sent = `\r\n${relayed(content)}`;
  const firstEnd = /(?:\r\n|\r|\n)\.(?:\r\n|\r|\n)/.exec(sent);
  assert.equal((firstEnd?.index ?? 0) + (firstEnd?.[0].length ?? 0), sent.length);
}

for (const way of ['DATA', 'BDAT'] as const) {
  for (const rule of ['refuse', 'repair'] as const) {
    test(`a message by ${way}, bare newlines: ${rule}`, () => {
      let taken = 0;
      fc.assert(
        fc.property(nasty, cuts, (bytes, positions) => {
          const message = received(bytes, positions, way, rule);
          if (message === undefined) {
            assert.equal(rule, 'refuse');
            return;
          }
          taken++;
          assertAllReadersAgree(message.content, message.seen);
        }),
        { numRuns: 1500 },
      );
      assert.ok(taken > 0);
    });
  }
}

test('only an LF begins a field in what is repaired, whatever the way and the cut', () => {
  fc.assert(
    fc.property(nasty, cuts, fc.constantFrom('DATA', 'BDAT'), (bytes, positions, way) => {
      const message = received(bytes, positions, way, 'repair');
      assert.ok(message !== undefined);
      // With DATA, dots that begin a line are stuffing; no field begins with one.
      const text = bytes.toString('latin1');
      const sent = way === 'DATA' ? `\r\n${text}`.split('\r\n.\r\n', 1).join('').replace('\r\n', '') : text;
      const unstuffed =
        way === 'DATA' ? `\r\n${sent}`.replaceAll(/\r\n\.(?!\r(?!\n)|\n)/g, '\r\n').slice(2) : sent;
      assert.equal(message.seen, bccOf(unstuffed, /\r*\n/));
    }),
    { numRuns: 1500 },
  );
});

test('a message by sendmail: its fields and recipients are those of lines that end with LF', () => {
  let sent = 0;
  fc.assert(
    fc.property(nasty, cuts, (bytes, positions) => {
      const endings = new LineEndings(false);
      const pieces = cutAt(bytes, positions).map((piece) => endings.convert(piece));
      const message = Buffer.concat([...pieces, endings.finish()]);
      const named = [...headerFields(message)].map(({ name }) => name);
      const lines = bytes.toString('latin1').split(/\r*\n/);
      // Every field that we see begins a line of the text.
      for (const name of named) {
        assert.ok(
          lines.some((line) =>
            line
              .toLowerCase()
              .replaceAll(/[ \t]+(?=:)/g, '')
              .startsWith(`${name}:`),
          ),
        );
      }
      const { content, brokenField } = prepareSubmission(message, {
        fromAddress: 'me@host.example',
        fromName: '',
        hostname: 'host.example',
        nowMs: 0,
      });
      if (brokenField !== undefined) return;
      sent++;
      assertAllReadersAgree(Buffer.concat(content).toString('latin1'), 0);
    }),
    { numRuns: 3000 },
  );
  assert.ok(sent > 0);
});
