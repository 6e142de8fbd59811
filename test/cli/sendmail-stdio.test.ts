// How `sendmail -bs` passes a session on: line ends of this system become those of SMTP, chunks stay as they are, and the exit
// code says whether the messages were accepted.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { StdioSession } from '../../src/cli/sendmail/stdio-session.ts';

const greeting = '220 here\r\n';
const upToData = ['EHLO c.test', 'MAIL FROM:<a@b.test>', 'RCPT TO:<c@d.test>', 'DATA'];
const takenUpToData = `${greeting}250-here\r\n250 DSN\r\n250 ok\r\n250 ok\r\n354 go\r\n`;

/** Gives the whole input at once, then the replies one after the other, as with a file as standard input. */
function piped(input: string, replies: string): { sent: string; code: number } {
  const session = new StdioSession();
  let sent = session.take(Buffer.from(input)).toString();
  for (const line of replies.split(/(?<=\n)/u)) sent += session.heard(Buffer.from(line)).toString();
  return { sent, code: session.exitCode() };
}

test('a session whose lines end with LF is passed on with CRLF', () => {
  const lines = [...upToData, 'Subject: x', '', 'body', '.', 'QUIT', ''];
  const { sent, code } = piped(lines.join('\n'), `${takenUpToData}250 queued\r\n221 bye\r\n`);
  assert.equal(sent, lines.join('\r\n'));
  assert.equal(code, 0);
});

test('in a session whose lines end with CRLF nothing is changed: a lone LF is for Sluice to judge', () => {
  const input = [...upToData, 'Subject: x', '', 'a\n.\nb', '.', 'QUIT', ''].join('\r\n');
  const { sent, code } = piped(input, `${takenUpToData}250 queued\r\n221 bye\r\n`);
  assert.equal(sent, input);
  assert.equal(code, 0);
});

test('input after DATA waits for the reply to DATA', () => {
  const session = new StdioSession();
  const commands = `${upToData.join('\n')}\n`;
  assert.equal(
    session.take(Buffer.from(`${commands}MAIL FROM:<x>\n`)).toString(),
    commands.replaceAll('\n', '\r\n'),
  );
  assert.equal(session.isWaiting, true);
  assert.equal(session.heard(Buffer.from('220 here\r\n250 ok\r\n250 ok\r\n250 ok\r\n35')).toString(), '');
  assert.equal(session.isWaiting, true);
  assert.equal(session.heard(Buffer.from('4 go\r\n')).toString(), 'MAIL FROM:<x>\r\n');
  assert.equal(session.isWaiting, false);
});

test('the octets of a chunk are not touched', () => {
  const input =
    'EHLO c.test\nMAIL FROM:<a@b.test>\nRCPT TO:<c@d.test>\nBDAT 6\na\nb\n.\nBDAT 2 LAST\n\n\nQUIT\n';
  const { sent, code } = piped(
    input,
    `${greeting}250 ok\r\n250 ok\r\n250 ok\r\n250 6 octets\r\n250 queued\r\n221 bye\r\n`,
  );
  assert.equal(
    sent,
    'EHLO c.test\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\nBDAT 6\r\na\nb\n.\nBDAT 2 LAST\r\n\n\nQUIT\r\n',
  );
  assert.equal(code, 0);
});

test('the exit code is 0 only when every message was accepted', () => {
  const message = [...upToData, 'x', '.', 'QUIT', ''].join('\r\n');
  const table: [what: string, input: string, replies: string, code: number][] = [
    ['only QUIT', 'QUIT\r\n', `${greeting}221 bye\r\n`, 0],
    ['nothing at all', '', greeting, 75],
    ['no QUIT after a message', message.replace('QUIT\r\n', ''), `${takenUpToData}250 queued\r\n`, 0],
    ['cut in the content', [...upToData, 'x'].join('\r\n'), takenUpToData, 75],
    ['cut before DATA', 'MAIL FROM:<a@b.test>\r\n', `${greeting}250 ok\r\n`, 75],
    ['DATA without an answer', `${upToData.join('\r\n')}\r\n`, takenUpToData.replace('354 go\r\n', ''), 75],
    [
      'given up with RSET',
      'MAIL FROM:<a@b.test>\r\nRSET\r\nQUIT\r\n',
      `${greeting}250 ok\r\n250 ok\r\n221 bye\r\n`,
      0,
    ],
    ['no such recipient', message, `${greeting}250 ok\r\n250 ok\r\n550 5.1.1 no\r\n503 5.5.1 no\r\n`, 67],
    ['a full disk', message, `${takenUpToData}452 4.3.1 full\r\n221 bye\r\n`, 75],
    ['too large', message, `${takenUpToData}552 5.3.4 too large\r\n221 bye\r\n`, 65],
    ['nothing understood', 'HELLO\r\nQUIT\r\n', `${greeting}500 5.5.2 what\r\n221 bye\r\n`, 69],
    ['turned away', '', '421 4.3.2 too many\r\n', 75],
  ];
  for (const [what, input, replies, code] of table) assert.equal(piped(input, replies).code, code, what);
});

test('however input and replies are cut, the same is sent', () => {
  const lines = [
    ...upToData,
    'Subject: x',
    '',
    '.',
    'MAIL FROM:<a@b.test>',
    'RCPT TO:<c@d.test>',
    'BDAT 3 LAST',
    'x',
    '',
    '',
  ];
  const input = Buffer.from(lines.join('\n'));
  const replies = `${takenUpToData}250 queued\r\n250 ok\r\n250 ok\r\n250 queued\r\n`;
  const whole = piped(input.toString(), replies);
  fc.assert(
    fc.property(fc.array(fc.nat(input.length)), fc.array(fc.nat(20)), (cuts, replyCuts) => {
      const session = new StdioSession();
      const sent: Buffer[] = [];
      for (const piece of pieces(input, cuts)) sent.push(session.take(piece));
      // A reply never comes before its command.
      for (const line of replies.split(/(?<=\n)/u)) {
        for (const piece of pieces(Buffer.from(line), replyCuts)) sent.push(session.heard(piece));
      }
      assert.equal(Buffer.concat(sent).toString(), whole.sent);
      assert.equal(session.exitCode(), 0);
    }),
  );
});

function pieces(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const at = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
  return at.slice(1).map((end, index) => bytes.subarray(at[index], end));
}
