// POP3 connections over sockets: log-ins as the directory answers them, limits, and what becomes of a mailbox when its client goes away.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { Client, loggedIn, make } from './listener.ts';

suite('log-ins by POP3', () => {
  test('ask the directory what it is to be asked, by PASS and by AUTH', async (t) => {
    const { port, asked } = await make(t);
    const question = { login: 'joe', password: 'secret', client: '127.0.0.1', isEncrypted: false };
    const ways = [
      ['USER joe', 'PASS secret'],
      [`AUTH PLAIN ${Buffer.from('\0joe\0secret').toString('base64')}`],
      ['AUTH LOGIN', Buffer.from('joe').toString('base64'), Buffer.from('secret').toString('base64')],
    ];
    for (const [index, lines] of ways.entries()) {
      const client = new Client(port);
      await client.until('\r\n');
      let last = '';
      for (const line of lines) last = await client.say(line);
      assert.equal(last, '+OK 2 messages\r\n');
      assert.deepEqual(asked[index], question);
      await client.say('QUIT');
      await client.rest();
    }
  });

  test('end the session after three wrong passwords', async (t) => {
    const { port, events } = await make(t);
    const client = new Client(port);
    await client.until('\r\n');
    for (let time = 0; time < 3; time++) {
      await client.say('USER joe');
      assert.equal(await client.say('PASS wrong'), '-ERR [AUTH] Wrong user or password\r\n');
    }
    assert.equal(await client.rest(), '');
    assert.deepEqual(
      events.map(({ event, mechanism, protocol }) => [event, mechanism, protocol]),
      Array.from({ length: 3 }, () => ['authenticationFailed', 'PASS', 'pop3']),
    );
  });

  test('are no fault of the client when the directory cannot tell', async (t) => {
    const { port } = await make(t, { answer: () => ({ kind: 'failing', reason: 'it is away' }) });
    const client = new Client(port);
    await client.until('\r\n');
    await client.say('USER joe');
    assert.match(await client.say('PASS secret'), /^-ERR \[SYS\/TEMP\]/u);
  });

  test('are refused to who is banned', async (t) => {
    const ban = { kind: 'client', target: '127.0.0.1', remainingMs: 1000 } as const;
    const { port } = await make(t, { answer: () => ({ kind: 'banned', ban }) });
    const client = new Client(port);
    await client.until('\r\n');
    await client.say('USER joe');
    assert.match(
      await client.say('PASS secret'),
      /^-ERR \[SYS\/TEMP\] Too many failed log-ins from your address/u,
    );
    await client.rest();
  });

  test('that break the mechanism are counted', async (t) => {
    const { port, failures } = await make(t);
    const client = new Client(port);
    await client.until('\r\n');
    assert.match(await client.say('AUTH PLAIN AAAA'), /^-ERR /u);
    assert.match(await client.say('AUTH PLAIN'), /^\+ /u);
    assert.match(await client.say('*'), /^-ERR /u);
    assert.match(await client.say('CAPA'), /^\+OK/u);
    assert.equal(failures(), 2);
  });

  test('come too early within login_delay', async (t) => {
    const { port } = await make(t, { delayMs: 3_600_000 });
    await (await loggedIn(port)).say('QUIT');
    const client = new Client(port);
    await client.until('\r\n');
    await client.say('USER joe');
    assert.match(await client.say('PASS secret'), /^-ERR \[LOGIN-DELAY\]/u);
  });
});

suite('a mailbox by POP3', () => {
  test('is in use while another session has it, and free when that one breaks off without removing anything', async (t) => {
    const { port, folder, mailboxes, events } = await make(t);
    const first = await loggedIn(port);
    assert.match(await first.say('DELE 1'), /^\+OK/u);
    const second = new Client(port);
    await second.until('\r\n');
    await second.say('USER joe');
    assert.match(await second.say('PASS secret'), /^-ERR \[IN-USE\]/u);
    first.socket.destroy();
    // A client that asks again gets it.
    let answer = '';
    for (let time = 0; time < 1000 && !answer.startsWith('+OK 2'); time++) {
      await second.say('USER joe');
      answer = await second.say('PASS secret');
    }
    assert.equal(answer, '+OK 2 messages\r\n');
    assert.equal(readdirSync(join(folder, 'new')).length, 2);
    await second.say('QUIT');
    await second.rest();
    await mailboxes.closed();
    const ended = events.find(({ event }) => event === 'pop3Session');
    assert.equal(ended?.['deleted'], 0);
    assert.ok(typeof ended?.['reason'] === 'string');
  });

  test('that cannot be read is a trouble, until it can', async (t) => {
    const places = ['/proc', ''];
    const { port, troubles } = await make(t, { where: (folder) => places.shift() || folder });
    const client = new Client(port);
    await client.until('\r\n');
    await client.say('USER joe');
    assert.match(await client.say('PASS secret'), /^-ERR \[SYS\/TEMP\]/u);
    assert.deepEqual(
      troubles.list.map(({ key }) => key),
      ['mailbox'],
    );
    await client.say('USER joe');
    assert.match(await client.say('PASS secret'), /^\+OK/u);
    assert.deepEqual(troubles.list, []);
  });

  test('sends a large message no faster than its client reads, and to the last byte', async (t) => {
    const { port, folder } = await make(t);
    const lines = 100_000;
    writeFileSync(join(folder, 'new/3.c'), 'Subject: large\n\n' + '.a line of the message\n'.repeat(lines));
    const client = await loggedIn(port);
    client.socket.pause();
    client.socket.write('RETR 3\r\nSTAT\r\n');
    client.socket.resume();
    const text = await client.until('\r\n.\r\n');
    assert.equal(text.split('\r\n..a line of the message').length - 1, lines);
    assert.equal(await client.until('\r\n'), `+OK 3 ${2 * 22 + 18 + lines * 24}\r\n`);
  });

  test('removes at QUIT what was deleted, and tells how much that was', async (t) => {
    const { port, folder, mailboxes, removed, freed } = await make(t);
    const client = await loggedIn(port);
    client.socket.write('DELE 2\r\nRETR 1\r\nQUIT\r\n');
    assert.ok((await client.rest()).endsWith('+OK Bye\r\n'));
    await mailboxes.closed();
    assert.deepEqual([readdirSync(join(folder, 'new')), readdirSync(join(folder, 'cur'))], [[], ['1.a:2,S']]);
    assert.ok(!existsSync(join(folder, 'sluice-pop3.lock')));
    assert.deepEqual(removed, [['joe@box.test', { bytes: 'Subject: two\n\nbody\n'.length, messages: 1 }]]);
    assert.deepEqual(freed, ['joe@box.test']);
  });
});

test('a client with too many connections is told so', async (t) => {
  const { port } = await make(t, { maxPerClient: 1 });
  const first = new Client(port);
  await first.until('\r\n');
  const second = new Client(port);
  assert.equal(
    await second.rest(),
    '-ERR [SYS/TEMP] Too many connections from your address, try again later\r\n',
  );
});
