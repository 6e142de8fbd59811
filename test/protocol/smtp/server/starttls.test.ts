// STARTTLS in a server session (RFC 3207): when it is possible, what is forgotten, and that nothing said in clear passes as said
// under TLS.

import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import { ServerSession } from '../../../../src/protocol/smtp/server/server-session.ts';
import { codes, drive, usualExtensions, usualOptions } from './drive.ts';

const offered = { startTls: 'offered' } as const;
const required = { startTls: 'required' } as const;
const refused = { code: 454, enhanced: '4.7.0', text: 'TLS is not available now' };

test('STARTTLS is offered in clear, and no longer under TLS', () => {
  const { output, events } = drive(
    ['EHLO a.example\r\n', 'STARTTLS\r\n', 'EHLO a.example\r\n', 'STARTTLS\r\n'],
    offered,
  );
  assert.deepEqual(events, ['ehlo a.example', 'starttls', 'ehlo a.example']);
  assert.equal(output.split('STARTTLS\r\n').length - 1, 1);
  assert.deepEqual(codes(output), ['220', '250', '220 2.0.0', '250', '503 5.5.1']);
});

test('where TLS is not possible, STARTTLS is neither offered nor carried out', () => {
  const { output, events } = drive(['EHLO a.example\r\nSTARTTLS\r\n']);
  assert.deepEqual(events, ['ehlo a.example']);
  assert.doesNotMatch(output, /STARTTLS/);
  assert.deepEqual(codes(output), ['220', '250', '502 5.5.1']);
});

test('STARTTLS is refused with a parameter, before EHLO and in a transaction, and the session goes on', () => {
  const { output, events } = drive(
    [
      'STARTTLS\r\nEHLO a.example\r\nSTARTTLS now\r\nMAIL FROM:<a@b.example>\r\nSTARTTLS\r\n' +
        'RCPT TO:<c@d.example>\r\nRSET\r\n',
      'STARTTLS  \r\n',
    ],
    offered,
  );
  assert.deepEqual(events, [
    'ehlo a.example',
    'mail <a@b.example>',
    'rcpt <c@d.example>',
    'reset',
    'starttls',
  ]);
  assert.deepEqual(codes(output), [
    '220',
    '503 5.5.1',
    '250',
    '501 5.5.4',
    '250 2.1.0',
    '503 5.5.1',
    '250 2.1.5',
    '250 2.0.0',
    '220 2.0.0',
  ]);
});

test('a client whose STARTTLS is refused for now goes on in clear', () => {
  const { output, events } = drive(
    ['EHLO a.example\r\n', 'STARTTLS\r\n', 'MAIL FROM:<a@b.example>\r\n'],
    offered,
    (event) => (event.kind === 'starttls' ? refused : undefined),
  );
  assert.deepEqual(events, ['ehlo a.example', 'starttls', 'mail <a@b.example>']);
  assert.deepEqual(codes(output), ['220', '250', '454 4.7.0', '250 2.1.0']);
});

test('what the client has said in clear is forgotten: it says EHLO again', () => {
  const { output } = drive(
    ['HELO a.example\r\n', 'STARTTLS\r\n', 'MAIL FROM:<a@b.example>\r\n', 'EHLO a.example\r\n', 'NOOP\r\n'],
    offered,
  );
  // Enhanced codes are back after a HELO in clear.
  assert.deepEqual(codes(output), ['220', '250', '220', '503 5.5.1', '250', '250 2.0.0']);
});

test('where TLS is required, nothing but NOOP, hello, STARTTLS and QUIT is possible before', () => {
  const commands = ['MAIL FROM:<a@b.example>', 'RCPT TO:<c@d.example>', 'DATA', 'RSET', 'VRFY a', 'HELP'];
  const { output, events } = drive(
    [
      `EHLO a.example\r\n${commands.map((command) => `${command}\r\n`).join('')}NOOP\r\n`,
      'BDAT 12 LAST\r\nMAIL FROM:<>',
      'STARTTLS\r\n',
      'EHLO a.example\r\nMAIL FROM:<a@b.example>\r\nQUIT\r\n',
    ],
    required,
  );
  assert.deepEqual(events, ['ehlo a.example', 'starttls', 'ehlo a.example', 'mail <a@b.example>', 'quit']);
  assert.deepEqual(codes(output), [
    '220',
    '250',
    ...commands.map(() => '530 5.7.0'),
    '250 2.0.0',
    '530 5.7.0',
    '220 2.0.0',
    '250',
    '250 2.1.0',
    '221 2.0.0',
  ]);
});

test('LMTP has STARTTLS as well', () => {
  const { output, events } = drive(
    ['LHLO a.example\r\n', 'STARTTLS\r\n', 'MAIL FROM:<a@b.example>\r\n', 'LHLO a.example\r\n'],
    { ...offered, protocol: 'lmtp' },
  );
  assert.deepEqual(events, ['ehlo a.example', 'starttls', 'ehlo a.example']);
  assert.deepEqual(codes(output), ['220', '250', '220 2.0.0', '503 5.5.1', '250']);
});

test('under TLS from the start there is no STARTTLS, and TLS that is required is there', () => {
  const session = new ServerSession({ ...usualOptions, ...required });
  session.secured();
  session.greet();
  session.receive(Buffer.from('EHLO a.example\r\n'));
  assert.equal(session.next()?.kind, 'hello');
  session.accept();
  session.receive(Buffer.from('MAIL FROM:<a@b.example>\r\n'));
  assert.equal(session.next()?.kind, 'mail');
  assert.doesNotMatch(Buffer.from(session.takeOutput() ?? []).toString(), /STARTTLS/);
});

test('however the bytes are cut, no command that follows STARTTLS in clear is carried out', () => {
  const before = 'EHLO a.example\r\nSTARTTLS\r\n';
  const all = Buffer.from(`${before}MAIL FROM:<evil@b.example>\r\nRCPT TO:<c@d.example>\r\n`);
  for (let at = 0; at <= all.length; at++) {
    const session = new ServerSession({ ...usualOptions, ...offered });
    session.greet();
    const kinds: string[] = [];
    let output = '';
    for (const chunk of [all.subarray(0, at), all.subarray(at)]) {
      session.receive(chunk);
      for (let event = session.next(); event !== undefined; event = session.next()) {
        kinds.push(event.kind);
        if (session.awaitingAnswer) session.accept();
      }
      output += Buffer.from(session.takeOutput() ?? []).toString();
    }
    const isSeen = at !== before.length;
    assert.deepEqual(kinds, isSeen ? ['hello', 'close'] : ['hello', 'starttls', 'close'], `cut at ${at}`);
    assert.equal(session.phase, 'closed');
    assert.equal(session.bufferedBytes, 0);
    assert.equal(codes(output).at(-1), isSeen ? '421 4.7.0' : '220 2.0.0', `cut at ${at}`);
    assert.equal(session.lastReply?.code, isSeen ? 421 : undefined);
  }
});

test('a session that waits for its handshake says nothing in clear, even when it has to end', () => {
  const session = new ServerSession({ ...usualOptions, ...offered, extensions: usualExtensions });
  session.greet();
  session.receive(Buffer.from('EHLO a.example\r\n'));
  session.next();
  session.accept();
  session.receive(Buffer.from('STARTTLS\r\n'));
  session.next();
  session.accept();
  session.takeOutput();
  session.shutdown();
  assert.equal(session.next(), undefined);
  assert.equal(session.takeOutput(), undefined);
  session.secured();
  assert.equal(session.next()?.kind, 'close');
  assert.match(Buffer.from(session.takeOutput() ?? []).toString(), /^421 4\.3\.2/);
});

test('REQUIRETLS is offered and taken under TLS alone (RFC 8689 2)', () => {
  const { output, events } = drive(
    [
      'EHLO a.example\r\nMAIL FROM:<a@b.example> REQUIRETLS\r\n',
      'STARTTLS\r\n',
      'EHLO a.example\r\nMAIL FROM:<a@b.example> REQUIRETLS=1\r\n' +
        'MAIL FROM:<a@b.example> requiretls SIZE=10\r\n',
    ],
    offered,
  );
  assert.equal(output.split('REQUIRETLS\r\n').length - 1, 1);
  assert.ok(output.indexOf('REQUIRETLS\r\n') > output.indexOf('220 2.0.0'));
  assert.deepEqual(codes(output), ['220', '250', '555 5.5.4', '220 2.0.0', '250', '501 5.5.4', '250 2.1.0']);
  assert.deepEqual(events.at(-1), 'mail <a@b.example> {"sizeBytes":10,"requireTls":true}');
});

test('LMTP does not have REQUIRETLS, which is about relaying', () => {
  const { output } = drive(['LHLO a.example\r\n', 'STARTTLS\r\n', 'LHLO a.example\r\n'], {
    ...offered,
    protocol: 'lmtp',
  });
  assert.doesNotMatch(output, /REQUIRETLS/);
});
