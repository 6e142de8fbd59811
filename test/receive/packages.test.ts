// Mail by QMQP and QMTP: verdicts, what is stored, content that goes to the disk, several messages on a connection, and clients that break rules.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test, type TestContext } from 'node:test';
import type { StageEntry } from '../../src/policy/pipelines.ts';
import { PackageClientSession } from '../../src/protocol/netstring/client-session.ts';
import { qmqp } from '../../src/protocol/qmqp/client-dialect.ts';
import { qmtp } from '../../src/protocol/qmtp/client-dialect.ts';
import { type Fixture, receiveSettings, start } from './fixture.ts';

const dialects = { qmqp, qmtp };

interface Mail {
  readonly content?: string;
  readonly sender?: string;
  readonly recipients?: readonly string[];
}

function framed(
  protocol: 'qmqp' | 'qmtp',
  { content = 'Subject: x\r\n\r\nhello\r\n', sender = 'a@example.net', recipients = ['b@example.com'] }: Mail,
): Buffer {
  const session = new PackageClientSession(dialects[protocol]);
  const text = Buffer.from(protocol === 'qmqp' ? content.replaceAll('\r\n', '\n') : content, 'latin1');
  const head = session.begin({ contentBytes: text.length, reversePath: sender, recipients });
  return Buffer.concat([head, text, session.end()]);
}

/** Refuses some recipients, by the beginning of their addresses. */
const refusing: StageEntry = {
  stage: {
    name: 'refusing',
    rcpt: ({ recipient }) => {
      if (recipient.address.startsWith('no'))
        return { kind: 'reject', reply: { code: 550, enhanced: '5.1.1', text: 'nobody' } };
      if (recipient.address.startsWith('later'))
        return { kind: 'tempfail', reply: { code: 450, enhanced: '4.2.1', text: 'not now' } };
      return { kind: 'continue' };
    },
  },
};

function served(
  t: TestContext,
  protocol: 'qmqp' | 'qmtp',
  options: Parameters<typeof start>[1] = {},
): Promise<Fixture> {
  const usual = receiveSettings();
  const session = {
    ...usual.session,
    protocol,
    maxErrors: 0,
    maxCommandLineBytes: 4_096,
    ...options.settings?.session,
  };
  const settings = { ...usual, ...options.settings, session };
  return start(t, { stages: [refusing], ...options, settings });
}

/** All that a server says to these bytes until it closes, or until it has given so many answers. */
async function said(
  t: TestContext,
  { port }: Fixture,
  chunks: readonly Uint8Array[],
  answers = Infinity,
): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  t.after(() => socket.destroy());
  let text = '';
  const end = new Promise<void>((resolve) => {
    socket.on('data', (piece: Buffer) => {
      text += piece.toString('latin1');
      if (text.split(',').length > answers) resolve();
    });
    socket.on('close', () => resolve());
    socket.on('error', () => undefined);
  });
  await once(socket, 'connect');
  for (const chunk of chunks) if (!socket.write(chunk)) await Promise.race([once(socket, 'drain'), end]);
  await end;
  return text;
}

test('a message by QMQP is stored as one by SMTP is, and answered once', async (t) => {
  const fixture = await served(t, 'qmqp');
  const recipients = ['b@example.com', 'c@far.example'];
  const answer = await said(t, fixture, [framed('qmqp', { recipients })]);
  assert.equal(answer, '20:K2.0.0 queued as ID1,');
  const [kept] = fixture.spool.kept;
  assert.match(
    kept!.content,
    /^Received: from \[127\.0\.0\.1\].*by mx\.example\.org with QMQP id ID1;\r\n.*\r\nSubject: x\r\n/su,
  );
  assert.ok(kept!.content.endsWith('\r\n\r\nhello\r\n'));
  assert.equal(kept!.envelope.reversePath, 'a@example.net');
  assert.deepEqual(
    kept!.envelope.recipients.map(({ address }) => address),
    recipients,
  );
  assert.equal(fixture.submitted.length, 1);
  assert.equal(fixture.memory.scarce, false);
});

test('QMQP takes a message for all of its recipients or for none', async (t) => {
  const fixture = await served(t, 'qmqp');
  const to = (...recipients: string[]): Promise<string> => said(t, fixture, [framed('qmqp', { recipients })]);
  assert.equal(await to('b@example.com', 'no@example.com'), '13:D5.1.1 nobody,');
  assert.equal(await to('no@example.com', 'later@example.com'), '14:Z4.2.1 not now,');
  assert.match(await to(), /^\d+:D5\.5\.1 /u);
  assert.match(await to('x y@@'), /^\d+:D5\.1\.3 /u);
  assert.equal(fixture.spool.kept.length, 0);
});

test('senders of qmail for mailing lists are those of VERP, by QMQP alone', async (t) => {
  const fixture = await served(t, 'qmqp');
  const from = (sender: string): Promise<string> => said(t, fixture, [framed('qmqp', { sender })]);
  assert.match(await from('list-return-7-@example.org-@[]'), /^\d+:K2\.0\.0 /u);
  const [kept] = fixture.spool.kept;
  assert.deepEqual([kept!.envelope.reversePath, kept!.envelope.verp], ['list-return-7@example.org', '-=']);
  for (const sender of ['-@[]', '-@example.org-@[]', 'list@example.org-@[]', 'list-@-@[]', '#@[]'])
    assert.match(await from(sender), /^\d+:D5\.1\.7 /u, sender);
  const other = await served(t, 'qmtp');
  const sender = 'list-@example.org-@[]';
  assert.match(await said(t, other, [framed('qmtp', { sender })], 1), /^\d+:D5\.1\.7 /u);
});

test('local parts as qmail has them, without quotes, become paths', async (t) => {
  const fixture = await served(t, 'qmtp');
  const mail = {
    sender: 'a b@example.net',
    recipients: ['"c"d@example.com', '"e f"@example.com', 'g>h@example.com'],
  };
  assert.equal((await said(t, fixture, [framed('qmtp', mail)], 3)).match(/:K/gu)?.length, 3);
  const [kept] = fixture.spool.kept;
  assert.equal(kept!.envelope.reversePath, '"a b"@example.net');
  assert.deepEqual(
    kept!.envelope.recipients.map(({ address }) => address),
    ['"\\"c\\"d"@example.com', '"e f"@example.com', '"g>h"@example.com'],
  );
});

test('QMTP answers each recipient, in their order, and takes several messages on a connection', async (t) => {
  const fixture = await served(t, 'qmtp');
  const first = framed('qmtp', {
    recipients: ['b@example.com', 'no@example.com', 'c@example.com', 'later@example.com', '<>'],
  });
  const second = framed('qmtp', { sender: '', content: 'two\r\n' });
  const answers = await said(t, fixture, [first, second], 6);
  const verdicts = answers.match(/:[KZD][^,]*/gu);
  assert.deepEqual(verdicts, [
    ':K2.0.0 queued as ID1',
    ':D5.1.1 nobody',
    ':K2.0.0 queued as ID1',
    ':Z4.2.1 not now',
    ':D5.1.3 Bad recipient address',
    ':K2.0.0 queued as ID2',
  ]);
  assert.deepEqual(
    fixture.spool.kept.map(({ envelope }) => envelope.recipients.length),
    [2, 1],
  );
  assert.match(fixture.spool.kept[1]!.content, / with QMTP id ID2/u);
});

test('bytes that come one by one are the same message', async (t) => {
  const fixture = await served(t, 'qmqp');
  const bytes = framed('qmqp', {});
  assert.match(
    await said(
      t,
      fixture,
      Array.from(bytes, (byte) => Uint8Array.of(byte)),
    ),
    /^\d+:K/u,
  );
});

test('a large content waits on the disk for its envelope, and is stored whole', async (t) => {
  const fixture = await served(t, 'qmtp');
  const content = `Subject: large\r\n\r\n${'a line of seventy octets '.repeat(3)}\r\n`.repeat(2_000);
  const answer = await said(t, fixture, [framed('qmtp', { content })], 1);
  assert.match(answer, /^\d+:K2\.0\.0 queued as/u);
  const [kept] = fixture.spool.kept;
  assert.ok(kept!.content.endsWith(content));
});

test('a message that is too large is read to its end and refused, and the next one is taken', async (t) => {
  const settings = receiveSettings();
  const fixture = await served(t, 'qmtp', {
    settings: { session: { ...settings.session, protocol: 'qmtp', maxMessageBytes: 100 } },
  });
  const answers = await said(
    t,
    fixture,
    [framed('qmtp', { content: 'x'.repeat(5_000) }), framed('qmtp', { content: 'x\r\n' })],
    2,
  );
  assert.match(answers, /^\d+:D5\.3\.4 [^,]*,\d+:K2\.0\.0 /u);
});

test('a bare CR begins no header field', async (t) => {
  const fixture = await served(t, 'qmqp');
  await said(t, fixture, [framed('qmqp', { content: 'Subject: a\rBcc: b\r\n\r\nbody\r\n' })]);
  assert.match(fixture.spool.kept[0]!.content, /\r\nSubject: a Bcc: b\r\n\r\nbody\r\n$/u);
});

test('an address is never a command', async (t) => {
  const fixture = await served(t, 'qmqp');
  for (const recipient of [
    'b@example.com>\r\nRSET',
    'b@example.com> NOTIFY=NEVER',
    'b@example.com>\n<c@example.com',
  ])
    assert.match(await said(t, fixture, [framed('qmqp', { recipients: [recipient] })]), /^\d+:D5\.1\.3 /u);
  assert.match(
    await said(t, fixture, [framed('qmqp', { sender: 'a@b.example> SIZE=1' })]),
    /^\d+:D5\.1\.7 /u,
  );
  assert.equal(fixture.spool.kept.length, 0);
});

test('what is no message ends the connection without an answer', async (t) => {
  const fixture = await served(t, 'qmqp');
  assert.equal(await said(t, fixture, [Buffer.from('EHLO a.example\r\n')]), '');
  assert.ok(fixture.log.some((line) => line.includes('Malformed QMQP')));
});

test('more recipients than a message may have: QMTP answers those later, QMQP takes none', async (t) => {
  const recipients = Array.from({ length: 11 }, (_, index) => `b${index}@example.com`);
  const each = await served(t, 'qmtp');
  const answers = await said(t, each, [framed('qmtp', { recipients })], 11);
  assert.equal(answers.match(/:K/gu)?.length, 10);
  assert.match(answers, /:Z4\.5\.3 Too many recipients,$/u);
  const one = await served(t, 'qmqp');
  assert.match(await said(t, one, [framed('qmqp', { recipients })]), /^\d+:D5\.5\.3 /u);
});

test('a client that leaves in the middle of a message leaves nothing behind', async (t) => {
  const fixture = await served(t, 'qmqp');
  const bytes = framed('qmqp', { content: `${'x'.repeat(60)}\r\n`.repeat(1_000) });
  const socket = connect(fixture.port, '127.0.0.1');
  await once(socket, 'connect');
  socket.end(bytes.subarray(0, -10));
  socket.resume();
  await once(socket, 'close');
  assert.equal(fixture.spool.kept.length, 0);
});
