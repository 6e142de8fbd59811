// The order of commands (RFC 5321 4.1.4), pipelining (RFC 2920), and what ends a session.

import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import { ServerSession } from '../../../../src/protocol/smtp/server/server-session.ts';
import { SessionMisuseError } from '../../../../src/protocol/smtp/server/session-misuse-error.ts';
import { codes, drive, usualOptions } from './drive.ts';

const table: readonly (readonly [name: string, bytes: string, replies: readonly string[]])[] = [
  ['MAIL before HELO', 'MAIL FROM:<a@b>\r\n', ['503 5.5.1']],
  ['RCPT before MAIL', 'EHLO c\r\nRCPT TO:<a@b>\r\n', ['250', '503 5.5.1']],
  ['DATA before MAIL', 'EHLO c\r\nDATA\r\n', ['250', '503 5.5.1']],
  ['DATA without a recipient', 'EHLO c\r\nMAIL FROM:<>\r\nDATA\r\n', ['250', '250 2.1.0', '554 5.5.1']],
  ['MAIL twice', 'EHLO c\r\nMAIL FROM:<>\r\nMAIL FROM:<>\r\n', ['250', '250 2.1.0', '503 5.5.1']],
  [
    'RSET makes room for MAIL',
    'EHLO c\r\nMAIL FROM:<>\r\nRSET\r\nMAIL FROM:<>\r\n',
    ['250', '250 2.1.0', '250 2.0.0', '250 2.1.0'],
  ],
  ['HELO without a name', 'HELO\r\nEHLO \r\nEHLO a b\r\n', ['501 5.5.4', '501 5.5.4', '501 5.5.4']],
  [
    'arguments where there are none',
    'DATA x\r\nRSET x\r\nQUIT x\r\n',
    ['501 5.5.4', '501 5.5.4', '501 5.5.4'],
  ],
  [
    'NOOP, HELP, VRFY and RSET need no HELO',
    'NOOP\r\nHELP\r\nVRFY x\r\nRSET\r\n',
    ['250 2.0.0', '214 2.0.0', '252 2.5.0', '250 2.0.0'],
  ],
  ['an empty line', '\r\n', ['500 5.5.2']],
  [
    'a verb without a blank behind it',
    'NOOPS\r\nMAILFROM:<>\r\nDATA\tx\r\n',
    ['500 5.5.2', '500 5.5.2', '500 5.5.2'],
  ],
  [
    'BDAT without MAIL: the chunk is no command',
    'EHLO c\r\nBDAT 6\r\nQUIT\r\nNOOP\r\n',
    ['250', '503 5.5.1', '250 2.0.0'],
  ],
  [
    'BDAT without a recipient',
    'EHLO c\r\nMAIL FROM:<>\r\nBDAT 6 LAST\r\nQUIT\r\nNOOP\r\n',
    ['250', '250 2.1.0', '554 5.5.1', '250 2.0.0'],
  ],
  [
    'only BDAT may follow BDAT',
    'EHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<a@b>\r\nBDAT 1\r\nxDATA\r\nRCPT TO:<c@d>\r\nMAIL FROM:<>\r\nNOOP\r\nBDAT 0 LAST\r\n',
    [
      '250',
      '250 2.1.0',
      '250 2.1.5',
      '250 2.0.0',
      '503 5.5.1',
      '503 5.5.1',
      '503 5.5.1',
      '250 2.0.0',
      '250 2.0.0',
    ],
  ],
  ['BDAT without a size ends the session', 'EHLO c\r\nBDAT x\r\nNOOP\r\n', ['250', '501 5.5.4']],
  [
    'BDAT with a size that no number holds',
    'EHLO c\r\nBDAT 99999999999999999999\r\nNOOP\r\n',
    ['250', '501 5.5.4'],
  ],
];

for (const [name, bytes, replies] of table) {
  test(name, () => assert.deepEqual(codes(drive([bytes]).output).slice(1), replies));
}

test('the replies of a pipelined batch leave as one buffer', () => {
  const session = new ServerSession(usualOptions);
  session.greet();
  session.takeOutput();
  session.receive(Buffer.from('EHLO c\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nRCPT TO:<e@f>\r\nDATA\r\n'));
  while (session.next() !== undefined) session.accept();
  const output = Buffer.from(session.takeOutput() ?? []).toString();
  assert.deepEqual(codes(output), ['250', '250 2.1.0', '250 2.1.5', '250 2.1.5', '354']);
  assert.equal(session.takeOutput(), undefined);
});

test('no event comes before the last one is answered', () => {
  const session = new ServerSession(usualOptions);
  session.greet();
  session.receive(Buffer.from('EHLO c\r\nNOOP\r\n'));
  assert.equal(session.next()?.kind, 'hello');
  assert.equal(session.awaitingAnswer, true);
  assert.equal(session.next(), undefined);
  assert.equal(session.bufferedBytes, 6);
  session.accept();
  assert.equal(session.awaitingAnswer, false);
  assert.equal(session.next(), undefined);
  assert.equal(session.bufferedBytes, 0);
});

test('an answer without a question, and a refusal that is not 4xx or 5xx, are defects', () => {
  const session = new ServerSession(usualOptions);
  assert.throws(() => session.accept(), SessionMisuseError);
  session.greet();
  assert.throws(() => session.greet(), SessionMisuseError);
  session.receive(Buffer.from('EHLO c\r\n'));
  session.next();
  assert.throws(() => session.reject({ code: 250, text: 'ok' }), SessionMisuseError);
  session.accept();
});

test('after a refused DATA or BDAT the transaction is over, and a refused chunk is not read as commands', () => {
  const start = 'EHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<a@b>\r\n';
  const refuse = { code: 452, enhanced: '4.3.1', text: 'No room' };
  const answers = (event: { kind: string }) => (event.kind === 'data' ? refuse : undefined);
  const data = drive([`${start}DATA\r\nMAIL FROM:<>\r\n`], {}, answers);
  assert.deepEqual(data.events.slice(3), ['data', 'reset', 'mail <>']);
  assert.deepEqual(codes(data.output).slice(4), ['452 4.3.1', '250 2.1.0']);
  const bdat = drive([`${start}BDAT 6\r\nQUIT\r\nBDAT 6 LAST\r\nQUIT\r\nNOOP\r\n`], {}, answers);
  assert.deepEqual(bdat.events.slice(3), ['data', 'reset']);
  assert.deepEqual(codes(bdat.output).slice(4), ['452 4.3.1', '503 5.5.1', '250 2.0.0']);
});

test('a refused end is answered once and leaves no transaction', () => {
  const { events, output, session } = drive(
    ['EHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<a@b>\r\nDATA\r\n', 'x\r\n.\r\n'],
    {},
    (event) => (event.kind === 'end' ? { code: 554, enhanced: '5.7.1', text: ['No', 'thanks'] } : undefined),
  );
  assert.deepEqual(events.slice(-2), ['content "x\\r\\n"', 'end']);
  assert.ok(output.endsWith('354 End data with <CR><LF>.<CR><LF>\r\n554-5.7.1 No\r\n554 5.7.1 thanks\r\n'));
  assert.equal(session.inTransaction, false);
  assert.equal(session.phase, 'command');
});

test('a reply of 421 ends the session', () => {
  const { events, output, session } = drive(['EHLO c\r\nNOOP\r\n'], {}, () => ({
    code: 421,
    enhanced: '4.7.0',
    text: 'Later',
  }));
  assert.deepEqual(events, ['ehlo c', 'close']);
  assert.ok(output.endsWith('421 Later\r\n'));
  assert.equal(session.phase, 'closed');
});

test('too many errors end the session', () => {
  const { events, output } = drive(['FOO\r\nBAR\r\nBAZ\r\nNOOP\r\n'], { maxErrors: 3 });
  assert.deepEqual(events, ['close']);
  assert.deepEqual(codes(output), ['220', '500 5.5.2', '500 5.5.2', '500 5.5.2', '421 4.7.0']);
});

test('refused recipients count as errors, temporary refusals do not', () => {
  const bytes = `EHLO c\r\nMAIL FROM:<>\r\n${'RCPT TO:<a@b>\r\n'.repeat(3)}`;
  const refuse = (code: number) => (event: { kind: string }) =>
    event.kind === 'rcpt' ? { code, text: 'No' } : undefined;
  assert.equal(drive([bytes], { maxErrors: 3 }, refuse(550)).session.phase, 'closed');
  assert.equal(drive([bytes], { maxErrors: 3 }, refuse(450)).session.phase, 'command');
});

test('too many transactions end the session', () => {
  const mail = 'MAIL FROM:<>\r\nRCPT TO:<a@b>\r\nDATA\r\n.\r\n';
  const { events, output } = drive([`EHLO c\r\n${mail}${mail}${mail}`], { maxTransactions: 2 });
  assert.equal(events.filter((event) => event === 'end').length, 2);
  assert.equal(events.at(-1), 'close');
  assert.equal(codes(output).at(-1), '421 4.7.0');
});

test('recipients beyond the limit get 452, and the message goes to the others', () => {
  const { events, output } = drive(
    [`EHLO c\r\nMAIL FROM:<>\r\n${'RCPT TO:<a@b>\r\n'.repeat(4)}DATA\r\n`, '.\r\n'],
    { maxRecipients: 2 },
  );
  assert.deepEqual(codes(output).slice(3), [
    '250 2.1.5',
    '250 2.1.5',
    '452 4.5.3',
    '452 4.5.3',
    '354',
    '250 2.0.0',
  ]);
  assert.equal(events.filter((event) => event.startsWith('rcpt')).length, 2);
});

test('shutdown: 421 at the next command boundary', () => {
  const { session } = drive(['EHLO c\r\n']);
  session.shutdown();
  assert.equal(session.next()?.kind, 'close');
  assert.equal(
    Buffer.from(session.takeOutput() ?? []).toString(),
    '421 4.3.2 mx.example Service shutting down, try again later\r\n',
  );
  assert.equal(session.phase, 'closed');
});

test('shutdown while a message is being received: the message is answered first', () => {
  const { session } = drive(['EHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<a@b>\r\nDATA\r\n', 'half']);
  session.shutdown('Stopping');
  assert.equal(session.next(), undefined);
  session.receive(Buffer.from(' of it\r\n.\r\nMAIL FROM:<>\r\n'));
  assert.equal(session.next()?.kind, 'content');
  assert.equal(session.next()?.kind, 'end');
  session.accept('queued');
  assert.equal(session.next()?.kind, 'close');
  assert.equal(
    Buffer.from(session.takeOutput() ?? []).toString(),
    '250 2.0.0 queued\r\n421 4.3.2 mx.example Stopping\r\n',
  );
  assert.equal(session.next(), undefined);
});

test('refuse sends its reply instead of the greeting', () => {
  const session = new ServerSession(usualOptions);
  const reply = { code: 554, enhanced: '5.7.1', text: 'No service for you' };
  session.refuse(reply);
  assert.deepEqual(session.lastReply, reply, 'for the log');
  assert.equal(session.next()?.kind, 'close');
  assert.equal(Buffer.from(session.takeOutput() ?? []).toString(), '554 5.7.1 No service for you\r\n');
  session.receive(Buffer.from('EHLO c\r\n'));
  assert.equal(session.next(), undefined);
  assert.equal(session.bufferedBytes, 0);
});

test('a client that sends before the greeting gets the greeting first', () => {
  const early = new ServerSession(usualOptions);
  assert.equal(early.phase, 'greeting');
  early.receive(Buffer.from('EHLO c\r\n'));
  assert.equal(early.next(), undefined);
  early.greet();
  assert.match(String(early.takeOutput()), /^220 /u);
  assert.equal(early.next()?.kind, 'hello');
});
