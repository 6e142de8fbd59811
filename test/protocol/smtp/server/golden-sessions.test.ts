// Whole sessions: given bytes, expect events and replies.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drive, usualExtensions } from './drive.ts';

const greeting = '220 mx.example ESMTP Sluice\r\n';
const ehlo = [
  '250-mx.example',
  '250-PIPELINING',
  '250-SIZE',
  '250-8BITMIME',
  '250-SMTPUTF8',
  '250-ENHANCEDSTATUSCODES',
  '250-DSN',
  '250-CHUNKING',
  '250-MT-PRIORITY',
  '250 HELP',
  '',
].join('\r\n');

test('a plain session: one message to one recipient', () => {
  const { events, output } = drive(
    [
      'EHLO client.example\r\n',
      'MAIL FROM:<alice@client.example>\r\n',
      'RCPT TO:<bob@dest.example>\r\n',
      'DATA\r\n',
      'Subject: hi\r\n\r\nHello\r\n.\r\n',
      'QUIT\r\n',
    ],
    {},
    (event) => (event.kind === 'end' ? 'queued as A1' : undefined),
  );
  assert.deepEqual(events, [
    'ehlo client.example',
    'mail <alice@client.example>',
    'rcpt <bob@dest.example>',
    'data',
    'content "Subject: hi\\r\\n\\r\\nHello\\r\\n"',
    'end',
    'quit',
  ]);
  assert.equal(
    output,
    `${greeting}${ehlo}250 2.1.0 Sender ok\r\n250 2.1.5 Recipient ok\r\n354 End data with <CR><LF>.<CR><LF>\r\n` +
      '250 2.0.0 queued as A1\r\n221 2.0.0 mx.example closing the connection\r\n',
  );
});

test('a client that said HELO sees no enhanced status codes and no extensions', () => {
  const { events, output } = drive([
    'HELO old.example\r\nMAIL FROM:<>\r\nRCPT TO:<Postmaster>\r\nRCPT TO:<>\r\nFOO\r\n',
  ]);
  assert.deepEqual(events, ['helo old.example', 'mail <>', 'rcpt <Postmaster>']);
  assert.equal(
    output,
    `${greeting}250 mx.example\r\n250 Sender ok\r\n250 Recipient ok\r\n` +
      '501 Bad recipient address: the null path <> is not allowed here\r\n500 Command not recognized\r\n',
  );
});

test('commands in any case, with additional blanks', () => {
  const { events } = drive([
    'ehlo  c.example \r\nMail From: <a@b.example>  \r\nrcpt to:<c@d.example>\r\nRSET \r\nnoop anything\r\nquit \r\n',
  ]);
  assert.deepEqual(events, ['ehlo c.example', 'mail <a@b.example>', 'rcpt <c@d.example>', 'reset', 'quit']);
});

test('an EHLO within a transaction ends it, but only if it is accepted', () => {
  const { events, output, session } = drive(
    [
      'EHLO a.example\r\nMAIL FROM:<a@b.example>\r\nEHLO bad.example\r\nRCPT TO:<c@d.example>\r\nHELO b.example\r\nDATA\r\n',
    ],
    {},
    (event) =>
      event.kind === 'hello' && event.name === 'bad.example'
        ? { code: 550, enhanced: '5.7.1', text: 'Not you' }
        : undefined,
  );
  assert.deepEqual(events, [
    'ehlo a.example',
    'mail <a@b.example>',
    'ehlo bad.example',
    'rcpt <c@d.example>',
    'helo b.example',
    'reset',
  ]);
  assert.equal(
    output,
    `${greeting}${ehlo}250 2.1.0 Sender ok\r\n550 Not you\r\n250 2.1.5 Recipient ok\r\n250 mx.example\r\n503 MAIL first\r\n`,
  );
  assert.equal(session.inTransaction, false);
});

test('a message by chunks', () => {
  const { events, output } = drive([
    'EHLO c.example\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\n' +
      'BDAT 7\r\n.\r\n..\r\nBDAT 0\r\nbdat 3 last\r\nx\r\nNOOP\r\n',
  ]);
  assert.deepEqual(events, [
    'ehlo c.example',
    'mail <a@b.example>',
    'rcpt <c@d.example>',
    'data',
    'content ".\\r\\n..\\r\\nx\\r\\n"',
    'end',
  ]);
  assert.equal(
    output,
    `${greeting}${ehlo}250 2.1.0 Sender ok\r\n250 2.1.5 Recipient ok\r\n250 2.0.0 Chunk ok\r\n250 2.0.0 Chunk ok\r\n` +
      '250 2.0.0 Ok\r\n250 2.0.0 Ok\r\n',
  );
});

test('HELP, VRFY, and what is not offered', () => {
  const { events, output } = drive([
    'HELP\r\nVRFY bob\r\nVRFY\r\nEXPN list\r\nSTARTTLS\r\nAUTH PLAIN\r\nETRN x\r\nSTARTLED\r\n',
  ]);
  assert.deepEqual(events, []);
  assert.equal(
    output,
    `${greeting}214-2.0.0 Commands: HELO EHLO MAIL RCPT DATA BDAT RSET NOOP VRFY HELP QUIT\r\n214 2.0.0 See RFC 5321\r\n` +
      '252 2.5.0 Cannot VRFY, but will accept the message and attempt delivery\r\n' +
      '501 5.5.4 Command needs an argument\r\n' +
      '502 5.5.1 Command not implemented\r\n'.repeat(3) +
      '500 5.5.2 Command not recognized\r\n'.repeat(2),
  );
});

test('VRFY is asked of the caller where it is offered', () => {
  const { events, output } = drive(
    ['VRFY bob\r\nVRFY eve\r\nVRFY joe\r\n'],
    {
      extensions: { ...usualExtensions, vrfy: true },
    },
    (event) => {
      if (event.kind !== 'vrfy') return undefined;
      if (event.argument === 'eve') return { code: 550, enhanced: '5.1.1', text: 'No such user' };
      return event.argument === 'bob' ? '<bob@mx.example>' : undefined;
    },
  );
  assert.deepEqual(events, ['vrfy bob', 'vrfy eve', 'vrfy joe']);
  assert.equal(
    output,
    `${greeting}250 2.1.5 <bob@mx.example>\r\n550 5.1.1 No such user\r\n` +
      '252 2.5.0 Cannot VRFY, but will accept the message and attempt delivery\r\n',
  );
});

test('extensions that are switched off are not announced', () => {
  const none = {
    pipelining: false,
    chunking: false,
    smtpUtf8: false,
    eightBitMime: false,
    dsn: false,
    size: false,
    vrfy: false,
  };
  const { output } = drive(['EHLO c.example\r\n'], { extensions: none });
  assert.equal(output, `${greeting}250-mx.example\r\n250-ENHANCEDSTATUSCODES\r\n250 HELP\r\n`);
});
