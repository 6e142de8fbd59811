// The receiver on real sockets: the spool, the log and the replies.

import type { ListenerOptions } from '../../src/receive/listener.ts';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { statSync, unlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { SpoolError } from '../../src/spool/spool-error.ts';
import { Client, envelope, greeted, start } from './fixture.ts';
import { temporaryFolder } from '../temporary-folder.ts';

test('a message is in the spool with its Received line, and passed to the manager, before its 250', async (t) => {
  const fixture = await start(t);
  const gate = Promise.withResolvers<void>();
  fixture.spool.gate = gate.promise;
  const client = await greeted(fixture);
  await envelope(client);
  client.send('Subject: x\r\n\r\n..dot\r\n.\r\nNOOP\r\n');
  const other = await greeted(fixture);
  assert.match(await other.ask('NOOP\r\n'), /^250/);
  assert.equal(fixture.submitted.length, 0);
  gate.resolve();
  assert.equal(await client.reply(), '250 2.0.0 queued as ID1');
  assert.match(await client.reply(), /^250/);
  const [kept] = fixture.spool.kept;
  assert.match(
    kept!.content,
    /^Received: from client\.example \(\[?127\.0\.0\.1\]?\)[^]*for <b@example\.com>[^]*\r\nSubject: x\r\n\r\n\.dot\r\n$/,
  );
  assert.equal(kept!.large, false);
  const [submitted] = fixture.submitted;
  assert.equal(submitted!.queueId, 'ID1');
  assert.equal(submitted!.reversePath, 'a@example.net');
  assert.deepEqual(submitted!.recipients, ['b@example.com']);
  assert.equal(fixture.memory.usedBytes, 0);
});

test('a message larger than large_message goes to a file of its own, in full', async (t) => {
  const fixture = await start(t);
  const client = await greeted(fixture);
  await envelope(client);
  const line = `${'x'.repeat(70)}\r\n`;
  client.send(`Subject: large\r\n\r\n${line.repeat(3000)}.\r\n`);
  assert.match(await client.reply(), /^250/);
  const [kept] = fixture.spool.kept;
  assert.equal(kept!.large, true);
  assert.ok(kept!.content.endsWith(`Subject: large\r\n\r\n${line.repeat(3000)}`));
  assert.equal(fixture.memory.usedBytes, 0);
});

test('content of stuffed dots is kept whole, small and large, without an object for each line', async (t) => {
  const fixture = await start(t);
  const client = await greeted(fixture);
  for (const lines of [1000, 60_000]) {
    await envelope(client);
    client.send(`Subject: dots\r\n\r\n${'..\r\n'.repeat(lines)}.\r\n`);
    assert.match(await client.reply(), /^250/);
    const kept = fixture.spool.kept.at(-1);
    assert.equal(kept!.large, lines > 3000);
    assert.ok(kept!.content.endsWith(`Subject: dots\r\n\r\n${'.\r\n'.repeat(lines)}`));
  }
  assert.equal(fixture.memory.usedBytes, 0);
  assert.ok(fixture.spool.writes < 20, `${fixture.spool.writes} writes`);
});

test('a client that disconnects during a message leaves nothing in the spool', async (t) => {
  const fixture = await start(t);
  for (const size of [100, 50_000]) {
    const client = await greeted(fixture);
    await envelope(client);
    client.send(`Subject: x\r\n\r\n${'y'.repeat(size)}`);
    client.socket.end();
    await once(client.socket, 'close');
  }
  assert.equal(fixture.spool.kept.length, 0);
  assert.equal(fixture.memory.usedBytes, 0);
});

test('relaying is for relay clients, and to relay domains for everyone', async (t) => {
  const fixture = await start(t, { networks: ['10.0.0.0'] });
  const client = await greeted(fixture);
  assert.match(await client.ask('MAIL FROM:<a@example.net>\r\n'), /^250/);
  assert.equal(await client.ask('RCPT TO:<b@example.org>\r\n'), '550 5.7.1 Relaying denied');
  assert.match(await client.ask('RCPT TO:<b@EXAMPLE.com>\r\n'), /^250/);
  assert.ok(fixture.log.some((line) => line.includes('"rejected"') && line.includes('b@example.org')));
});

test('the log of a message with forbidden content has the answer that the client got', async (t) => {
  const fixture = await start(t);
  const client = await greeted(fixture);
  await envelope(client);
  const answer = await client.ask('Subject: x\r\n\r\none\ntwo\r\n.\r\n');
  assert.match(answer, /^550 5\.6\.0 Message has a CR or LF alone/);
  const lines = fixture.log.filter((line) => line.includes('"rejected"'));
  assert.equal(lines.length, 1);
  assert.ok(lines[0]?.includes(JSON.stringify(answer)));
});

for (const postmaster of ['admin@example.net', undefined]) {
  // RFC 5321 4.5.1
  test(`mail for the postmaster of this host is accepted from everyone, for ${postmaster ?? 'a relay domain'}`, async (t) => {
    const fixture = await start(t, { networks: ['10.0.0.0'], settings: { postmaster } });
    const client = await greeted(fixture);
    assert.match(await client.ask('MAIL FROM:<a@example.net>\r\n'), /^250/);
    for (const path of ['Postmaster', 'postmaster@MX.example.org', 'postmaster@elsewhere.example']) {
      const expected = path.includes('elsewhere') ? /^550 5\.7\.1/ : /^250/;
      assert.match(await client.ask(`RCPT TO:<${path}>\r\n`), expected, path);
    }
    assert.match(await client.ask('DATA\r\n'), /^354/);
    assert.match(await client.ask('Subject: x\r\n\r\n.\r\n'), /^250/);
    const address = postmaster ?? 'postmaster@example.com';
    assert.deepEqual(fixture.submitted[0]?.recipients, [address, address]);
  });
}

test('refusals by the session itself are logged, too', async (t) => {
  const fixture = await start(t);
  const client = await greeted(fixture);
  await envelope(client);
  assert.match(await client.ask('Subject: x\r\n\r\nbare\nline\r\n.\r\n'), /^550/);
  assert.ok(
    fixture.log.some((line) => line.includes('"command":"content"') && line.includes('a@example.net')),
  );
  for (let i = 0; i < 6; i++) await client.ask('NONSENSE\r\n');
  assert.ok(fixture.log.some((line) => line.includes('"command":"SESSION"')));
});

test('a full disk is answered early, at MAIL and at DATA', async (t) => {
  const fixture = await start(t);
  const client = await greeted(fixture);
  fixture.spool.room = false;
  assert.match(await client.ask('MAIL FROM:<a@example.net>\r\n'), /^452 4\.3\.1/);
  fixture.spool.room = true;
  assert.match(await client.ask('MAIL FROM:<a@example.net>\r\n'), /^250/);
  assert.match(await client.ask('RCPT TO:<b@example.com>\r\n'), /^250/);
  fixture.spool.room = false;
  assert.match(await client.ask('DATA\r\n'), /^452 4\.3\.1/);
});

test('a spool that cannot be written is answered early, and not as a full disk', async (t) => {
  const fixture = await start(t);
  const client = await greeted(fixture);
  assert.match(await client.ask('MAIL FROM:<a@example.net>\r\n'), /^250/);
  assert.match(await client.ask('RCPT TO:<b@example.com>\r\n'), /^250/);
  fixture.spool.room = false;
  fixture.spool.failure = new SpoolError('SPOOL_WRITE_FAILED', 'read-only');
  assert.match(await client.ask('DATA\r\n'), /^451 4\.3\.0 Mail cannot be stored now/);
  assert.match(await client.ask('RSET\r\n'), /^250/);
  assert.match(await client.ask('MAIL FROM:<a@example.net>\r\n'), /^451 4\.3\.0 Mail cannot be stored now/);
});

test('a write that fails is a trouble until a message is stored', async (t) => {
  const fixture = await start(t);
  const client = await greeted(fixture);
  for (const body of ['small', 'large'.repeat(5000)]) {
    fixture.spool.failure = new SpoolError('SPOOL_WRITE_FAILED', 'writing: EIO: i/o error, write', {
      cause: Object.assign(new Error('EIO: i/o error, write'), { code: 'EIO' }),
    });
    await envelope(client);
    assert.match(await client.ask(`Subject: x\r\n\r\n${body}\r\n.\r\n`), /^451 4\.3\.0/);
    assert.deepEqual(
      fixture.troubles.list.map(({ key, level }) => [key, level]),
      [['disk:write', 'critical']],
    );
    fixture.spool.failure = undefined;
    await envelope(client);
    assert.match(await client.ask(`Subject: x\r\n\r\n${body}\r\n.\r\n`), /^250/);
    assert.deepEqual(fixture.troubles.list, []);
  }
});

test('a message that the spool cannot store is not accepted: 452 when it is full, 451 otherwise; the session goes on', async (t) => {
  const fixture = await start(t);
  const client = await greeted(fixture);
  const cases: [SpoolError, RegExp][] = [
    [new SpoolError('SPOOL_FULL', 'full'), /^452 4\.3\.1/],
    [new SpoolError('SPOOL_WRITE_FAILED', 'failed'), /^451 4\.3\.0/],
  ];
  for (const [failure, expected] of cases) {
    for (const body of ['small', 'large'.repeat(5000)]) {
      fixture.spool.failure = failure;
      await envelope(client);
      assert.match(await client.ask(`Subject: x\r\n\r\n${body}\r\n.\r\n`), expected);
    }
  }
  fixture.spool.failure = undefined;
  await envelope(client);
  assert.match(await client.ask('Subject: x\r\n\r\n\r\n.\r\n'), /^250/);
  assert.equal(fixture.submitted.length, 1);
  assert.equal(fixture.memory.usedBytes, 0);
});

test('mail with too many Received lines is a loop', async (t) => {
  const fixture = await start(t);
  const client = await greeted(fixture);
  await envelope(client);
  const reply = await client.ask(`${'Received: from a by b\r\n'.repeat(5)}Subject: x\r\n\r\n.\r\n`);
  assert.match(reply, /^554 5\.4\.6/);
  await envelope(client);
  assert.match(await client.ask(`${'Received: from a by b\r\n'.repeat(4)}Subject: x\r\n\r\n.\r\n`), /^250/);
});

test('connections above the limits are answered 421', async (t) => {
  const fixture = await start(t);
  const clients = [await greeted(fixture), await greeted(fixture), await greeted(fixture)];
  const refused = await fixture.client();
  assert.match(await refused.reply(), /^421 .*4\.7\.0|^421 4\.7\.0/);
  assert.equal(await refused.reply(), '');
  refused.socket.end();
  clients[0]!.send('QUIT\r\n');
  assert.match(await clients[0]!.reply(), /^221/);
  assert.equal(await clients[0]!.reply(), '');
  clients[0]!.socket.end();
  // The server has counted the one that left before it counts the one that comes, at the latest when it is idle.
  while (fixture.receiver.connections > 2) await new Promise((resolve) => setImmediate(resolve));
  await greeted(fixture);
});

test('the limit for all clients together applies to exempt clients, too', async (t) => {
  const fixture = await start(t, { exempt: true });
  for (let i = 0; i < 5; i++) await greeted(fixture);
  const refused = await fixture.client();
  assert.match(await refused.reply(), /^421 4\.3\.2/);
});

test('when memory is used up, new transactions are answered 452 and content goes to disk early', async (t) => {
  const fixture = await start(t, { memoryBytes: 1000, settings: { largeMessageBytes: 1_000_000 } });
  const holder = await greeted(fixture);
  await envelope(holder);
  const body = `Subject: x\r\n\r\n${'z'.repeat(1500)}\r\n`;
  holder.send(body);
  const other = await greeted(fixture);
  // The two sockets are independent: ask until the first one's content has arrived.
  for (;;) {
    const reply = await other.ask('MAIL FROM:<a@example.net>\r\n');
    if (reply.startsWith('452 4.3.1')) break;
    assert.match(await other.ask('RSET\r\n'), /^250/);
  }
  holder.send('.\r\n');
  assert.match(await holder.reply(), /^250/);
  assert.match(await other.ask('MAIL FROM:<a@example.net>\r\n'), /^250/);
});

test('a silent client is answered 421 and disconnected', async (t) => {
  const fixture = await start(t);
  const client = await greeted(fixture);
  fixture.clock.now += 299_000;
  fixture.deadlines.advance();
  assert.match(await client.ask('NOOP\r\n'), /^250/);
  fixture.clock.now += 302_000;
  fixture.deadlines.advance();
  assert.match(await client.reply(), /^421 4\.4\.2/);
  assert.equal(await client.reply(), '');
});

test('a client that sends everything at once and closes its side gets all its replies', async (t) => {
  const fixture = await start(t);
  const client = await fixture.client();
  client.socket.end(
    'EHLO c.example\r\nMAIL FROM:<a@example.net>\r\nRCPT TO:<b@example.com>\r\nDATA\r\nSubject: x\r\n\r\n.\r\nQUIT\r\n',
  );
  const replies: string[] = [];
  for (let reply = await client.reply(); reply !== ''; reply = await client.reply())
    replies.push(reply.slice(0, 3));
  assert.deepEqual(replies, ['220', '250', '250', '250', '354', '250', '221']);
});

test('a program of this host hands mail in at the submission socket and may relay', async (t) => {
  const { path: folder, atEnd } = temporaryFolder(t, 'submit');
  const path = join(folder, 'submit.sock');
  const submission: Partial<ListenerOptions> = {
    facts: { kind: 'submission', name: path },
    address: { kind: 'unix', path },
    socketMode: 0o666,
  };
  const fixture = await start(t, { networks: ['10.0.0.0'], more: [submission] });
  assert.equal(statSync(path).mode & 0o777, 0o666);
  const client = new Client(connect({ path, allowHalfOpen: true }));
  atEnd(() => client.socket.destroy());
  assert.match(await client.reply(), /^220/);
  assert.match(await client.ask('EHLO host.example\r\n'), /^250/);
  assert.match(await client.ask('MAIL FROM:<a@example.net>\r\n'), /^250/);
  assert.match(await client.ask('RCPT TO:<b@elsewhere.example>\r\n'), /^250/);
  assert.match(await client.ask('DATA\r\n'), /^354/);
  assert.match(await client.ask('Subject: x\r\n\r\n.\r\n'), /^250/);
  const [kept] = fixture.spool.kept;
  assert.match(kept!.content, /^Received: by mx\.example\.org with local id ID1\r\n/);
  assert.equal(kept!.envelope.origin.via, 'sendmail');
  await assert.rejects(start(t, { more: [submission] }), { code: 'SUBMISSION_SOCKET' });
});

test('the permissions of a socket follow the configuration', async (t) => {
  const { path: folder } = temporaryFolder(t, 'mode');
  const path = join(folder, 'lmtp.sock');
  const socket = {
    facts: { kind: 'smtp', name: path },
    address: { kind: 'unix', path },
    socketMode: 0o666,
  } as const;
  const fixture = await start(t, { more: [socket] });
  const tighter = { ...fixture.listener, ...socket, socketMode: 0o600 };
  const settings = fixture.listener.context.settings;
  assert.deepEqual(await fixture.receiver.configure(settings, [fixture.listener, tighter]), []);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  unlinkSync(path);
  const [problem] = await fixture.receiver.configure(settings, [
    fixture.listener,
    { ...tighter, socketMode: 0o660 },
  ]);
  assert.match(problem ?? '', /permissions of .*lmtp\.sock could not be changed: ENOENT/);
});

test('too many errors end a session, but not that of an exempt client', async (t) => {
  for (const exempt of [false, true]) {
    const fixture = await start(t, { exempt });
    const client = await greeted(fixture);
    const codes: string[] = [];
    for (let i = 0; i < 8; i++) codes.push((await client.ask('NONSENSE\r\n')).slice(0, 3));
    assert.equal(codes.includes('421'), !exempt, codes.join(' '));
  }
});

test('on stop, a message that is being received is finished, then the client is answered 421', async (t) => {
  const fixture = await start(t);
  const idle = await greeted(fixture);
  const busy = await greeted(fixture);
  await envelope(busy);
  const drained = Promise.withResolvers<void>();
  fixture.receiver.drain(drained.resolve);
  assert.match(await idle.reply(), /^421 4\.3\.2 .* Sluice is stopping, try again later$/);
  busy.send('Subject: x\r\n\r\n.\r\n');
  assert.match(await busy.reply(), /^250/);
  assert.match(await busy.reply(), /^421 4\.3\.2/);
  idle.socket.end();
  busy.socket.end();
  await drained.promise;
  assert.equal(fixture.submitted.length, 1);
});
