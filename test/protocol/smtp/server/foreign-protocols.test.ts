// A client that speaks HTTP or TLS is refused at its first line, so that no SMTP command hidden in its input is executed.

import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { codes, cut, drive, outcome } from './drive.ts';

/** What the body of a request would have us do. */
const hidden = 'EHLO x\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\nDATA\r\nx\r\n.\r\n';

const firstLines = [
  'POST / HTTP/1.1',
  'post / HTTP/1.1',
  'GET /%0d%0a HTTP/1.0',
  'GET /',
  'CONNECT x:25 HTTP/1.1',
  'PUT / HTTP/1.1',
  'OPTIONS * HTTP/1.1',
  'DELETE /x HTTP/1.1',
  'PATCH /x HTTP/1.1',
  'HEAD / HTTP/1.1',
  'PRI * HTTP/2.0',
  'HTTP/1.1 200 OK',
  'INVITE sip:a@b SIP/2.0',
  'DESCRIBE rtsp://x/ RTSP/1.0',
  // A program that can be made to send any method.
  'EHLO / HTTP/1.1',
  'NOOP / HTTP/1.1',
  'MAIL / HTTP/2',
  'PURGE / http/1.1',
  'PURGE /',
  'RCPT /x',
  'SOURCE / ICE/1.0',
  'POST /x HTTP/1.1 ',
  'EHLO x HTTP/1.1  ',
  'EHLO c:25HTTP/1.1',
  ' POST /x',
  'POST\t/x\tHTTP/1.1',
  'POST /\0 HTTP/1.1',
  'POST /\xff HTTP/1.1',
  'NOOP /\0 HTTP/1.1',
  'RCPT TO:<\0> HTTP/1.1\x7f\t',
  `POST /${'a'.repeat(5000)} HTTP/1.1`,
  `RCPT /${'a'.repeat(5000)} HTTP/1.1`,
  // The request line may have been lost in what came before.
  'Host: 127.0.0.1:2525',
  'User-Agent: Mozilla/5.0',
  'Content-Length:5',
];

/** States before the content of a message. */
const sentBefore: readonly (readonly [name: string, bytes: string])[] = [
  ['at first', ''],
  ['after EHLO', 'EHLO c\r\n'],
  ['after MAIL', 'EHLO c\r\nMAIL FROM:<a@b>\r\n'],
  ['after RCPT', 'EHLO c\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n'],
  ['between two chunks', 'EHLO c\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nBDAT 3\r\nx\r\n'],
];

for (const line of firstLines) {
  for (const [when, before] of sentBefore) {
    test(`${JSON.stringify(line.slice(0, 40))} ${when}: 421, and nothing that follows is executed`, () => {
      const expected = drive([before]);
      const { events, output, session } = drive([`${before}${line}\r\n${hidden}`]);
      assert.deepEqual(events, [...expected.events, 'close']);
      assert.deepEqual(codes(output), [...codes(expected.output), '421 4.7.0']);
      assert.equal(session.phase, 'closed');
      assert.match(String(session.lastReply?.text), /speaks SMTP, not HTTP/);
    });
  }
}

test('a TLS client is turned away with its first byte, before any line end', () => {
  const hello = Buffer.from('160301020001000', 'hex');
  for (const chunks of [[hello], [hello.subarray(0, 1)], cut(hello, [1, 2, 3])]) {
    const { events, output } = drive(['EHLO c\r\n', ...chunks]);
    assert.deepEqual(events, ['ehlo c', 'close']);
    assert.deepEqual(codes(output).slice(2), ['421 4.7.0']);
  }
});

test('after any variant of a request line, nothing is executed', () => {
  const methods =
    'GET POST CONNECT PRI FOO M-SEARCH EHLO HELO MAIL RCPT DATA BDAT NOOP RSET QUIT VRFY STARTTLS';
  const anyCase = fc
    .tuple(fc.constantFrom(...methods.split(' ')), fc.nat(2))
    .map(([method, how]) =>
      how === 0
        ? method
        : how === 1
          ? method.toLowerCase()
          : `${method.slice(0, 1)}${method.slice(1).toLowerCase()}`,
    );
  const gap = fc.constantFrom(' ', '  ', '\t', ' \t', '\0 ', '\x7f ');
  const target = fc
    .tuple(
      fc.constantFrom('/', '*', '/a%20b?c=', '/x:'),
      fc.constantFrom('', '\0', '\t', '\xff', '\xc3\xbc', '<a@b>', 'a'.repeat(2040), 'a'.repeat(9000)),
    )
    .map((parts) => parts.join(''));
  const version = fc.constantFrom(
    '',
    ' HTTP/1.1',
    'HTTP/1.0',
    '\tHTTP/2',
    ' http/1.1',
    ' RTSP/1.0',
    ' HTTP/11',
  );
  const end = fc.constantFrom('', ' ', '\t', '\0', '\r', '\x7f ');
  const line = fc.tuple(anyCase, gap, target, version, end).map((parts) => parts.join(''));
  fc.assert(
    fc.property(line, fc.constantFrom(...sentBefore.map(([, bytes]) => bytes)), (request, before) => {
      const expected = drive([before]);
      const { events, output, session } = drive([`${before}${request}\r\n${hidden}`]);
      assert.deepEqual(events, [...expected.events, 'close']);
      assert.match(
        codes(output).slice(codes(expected.output).length).join(','),
        /^(?:421 4\.7\.0|500 5\.5\.2)$/,
      );
      assert.equal(session.phase, 'closed');
    }),
    { numRuns: 3000 },
  );
});

test('the cuts of the request make no difference', () => {
  const bytes = Buffer.from(`EHLO c\r\nPOST / HTTP/1.1\r\n${hidden}`);
  const expected = outcome([bytes]);
  for (let i = 1; i < bytes.length; i++) assert.deepEqual(outcome(cut(bytes, [i])), expected);
});

test('the same lines are content inside a message', () => {
  const { events } = drive([
    `EHLO c\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n${firstLines.join('\r\n')}\r\n\x16\x03\r\n.\r\n`,
  ]);
  assert.equal(events.at(-1), 'end');
});

test('mistyped commands are not taken for another protocol: the session continues', () => {
  const { events, output } = drive([
    'EHLO c\r\nGETS x\r\nHELLO\r\n\r\nSSH-2.0-x\r\nNOOP HTTP\r\nEHLO tool/9.0\r\n',
  ]);
  assert.deepEqual(events, ['ehlo c', 'ehlo tool/9.0']);
  assert.deepEqual(codes(output).slice(2), [
    ...Array.from({ length: 4 }, () => '500 5.5.2'),
    '250 2.0.0',
    '250',
  ]);
});
