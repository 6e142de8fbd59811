// Hostile bytes: nothing throws, every reply is well-formed, and no memory grows.

import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { ServerSession } from '../../../../src/protocol/smtp/server/server-session.ts';
import type { Answers } from './drive.ts';
import { drive, usualOptions } from './drive.ts';

/** RFC 5321 4.2 with RFC 2034: every line, and all lines of a reply with the same code. */
const Replies =
  /^(?:(?:(\d{3})-[\x20-\x7e]{0,505}\r\n(?:\1-[\x20-\x7e]{0,505}\r\n)*\1 |[2-5]\d\d )[\x20-\x7e]{0,505}\r\n)*$/;

const fragments = fc.constantFrom(
  'EHLO x\r\n',
  'HELO y\r\n',
  'MAIL FROM:<a@b>',
  'MAIL FROM:<>',
  'RCPT TO:<c@d>',
  'RCPT TO:<"q\\"q"@[IPv6:::1]>',
  ' SIZE=12',
  ' SMTPUTF8',
  ' BODY=8BITMIME',
  ' ENVID=+41',
  ' ORCPT=rfc822;+',
  '\r\n',
  'DATA\r\n',
  'BDAT 7\r\n',
  'BDAT 3 LAST\r\n',
  'BDAT',
  'RSET\r\n',
  'VRFY \xc3\xbc\r\n',
  'QUIT',
  '.\r\n',
  '.',
  '\r',
  '\n',
  '\0',
  '\xff',
  'x'.repeat(300),
);
const hostile = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fragments },
    {
      weight: 1,
      arbitrary: fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
    },
  ),
  { maxLength: 60 },
);
const someVerdicts = [
  undefined,
  undefined,
  'fine',
  { code: 550, enhanced: '5.7.1', text: 'No\r\n250 yes' },
  { code: 451, text: [] },
];

test('for any input, replies are well-formed and questions come in order', () => {
  fc.assert(
    fc.property(
      hostile,
      fc.infiniteStream(fc.constantFrom(...someVerdicts)),
      fc.boolean(),
      fc.boolean(),
      (chunks, verdicts, repair, isLenient) => {
        const answers: Answers = () => verdicts.next().value as ReturnType<Answers>;
        const { events, output, session } = drive(
          chunks,
          {
            bareNewlines: repair ? 'repair' : 'refuse',
            maxErrors: 30,
            maxMessageBytes: 2000,
            maxCommandLineBytes: 512,
          },
          answers,
          { oddCommands: isLenient, defaultDomain: isLenient ? 'mx.example' : '' },
        );
        assert.match(output, Replies);
        assert.ok(session.bufferedBytes === 0, 'everything that came is used up');
        for (const [index, event] of events.entries()) {
          if (event.startsWith('content')) assert.ok(events.slice(0, index).includes('data'));
          if (event === 'quit' || event === 'close') assert.equal(index, events.length - 1);
        }
      },
    ),
    { numRuns: 1500 },
  );
});

test('every path that a lenient session accepts gives an address that a strict session accepts', () => {
  const part = fc.constantFrom(
    '<',
    '>',
    ' ',
    'a',
    'b.test',
    '@',
    '"',
    '"x >y"',
    '.',
    ':',
    ',',
    '@r:',
    ' SIZE=1',
    '\\',
    'MAIL FROM:',
  );
  let taken = 0;
  fc.assert(
    fc.property(fc.array(part, { maxLength: 9 }), (parts) => {
      const line = `EHLO c\r\nMAIL FROM:${parts.join('')}\r\n`;
      const { events } = drive([line], {}, undefined, { oddCommands: true, defaultDomain: 'mx.example' });
      const path = /^mail (<.*>)(?: \{.*\})?$/.exec(events[1] ?? '')?.[1];
      if (path === undefined) return;
      taken++;
      assert.equal(drive([`EHLO c\r\nMAIL FROM:${path}\r\n`]).events[1], `mail ${path}`);
    }),
    { numRuns: 5000 },
  );
  assert.ok(taken > 0);
});

test('a command line without end needs no more memory than the limit', () => {
  const session = new ServerSession(usualOptions);
  session.greet();
  const chunk = Buffer.alloc(65536, 0x41);
  for (let i = 0; i < 200; i++) {
    session.receive(chunk);
    assert.equal(session.next(), undefined);
    assert.equal(session.bufferedBytes, 0);
  }
  session.takeOutput();
  session.receive(Buffer.from('\r\nNOOP\r\n'));
  assert.deepEqual(session.next(), { kind: 'close' });
  const output = Buffer.from(session.takeOutput() ?? []).toString();
  assert.equal(output, '500 5.5.2 Command line too long; closing the connection\r\n');
});

test('bytes after the end of the session are dropped', () => {
  const { session } = drive(['QUIT\r\n']);
  session.receive(Buffer.alloc(1000));
  assert.equal(session.next(), undefined);
  assert.equal(session.bufferedBytes, 0);
});
