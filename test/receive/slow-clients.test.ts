// Clients that send a byte now and then, or read nothing, hold a connection no longer than one that is silent (RFC 5321 4.5.3.2.7).

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Client, envelope, type Fixture, greeted, secured, start } from './fixture.ts';

/** Turns of the event loop: what was written on loopback has arrived after some of them. */
async function turns(): Promise<void> {
  for (let i = 0; i < 20; i++) {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}

async function pass(fixture: Fixture, ms: number): Promise<void> {
  await turns();
  fixture.clock.now += ms;
  fixture.deadlines.advance();
  await turns();
}

/** Sends these bytes, one piece each minute. */
async function drip(fixture: Fixture, client: Client, pieces: Iterable<string>): Promise<void> {
  for (const piece of pieces) {
    client.send(piece);
    await pass(fixture, 60_000);
  }
}

test('a command has one timeout, however its bytes arrive', async (t) => {
  const fixture = await start(t);
  const client = await greeted(fixture);
  await drip(fixture, client, 'NOO');
  await drip(fixture, client, ['P']);
  assert.equal(client.ended, false);
  assert.match(await client.ask('\r\n'), /^250/);
  await drip(fixture, client, 'NNNN');
  assert.equal(client.ended, false);
  await drip(fixture, client, 'NNNN');
  assert.match(await client.reply(), /^421 4\.4\.2/);
  assert.equal(await client.reply(), '');
});

test('a refused command restarts the timeout, too', async (t) => {
  const fixture = await start(t);
  const client = await greeted(fixture);
  for (const line of ['FOO\r\n', 'MAIL FROM:<a@example.net>\r\n', 'RSET\r\n']) {
    await pass(fixture, 200_000);
    assert.match(await client.ask(line), /^[25]/);
  }
});

for (const [way, before] of [
  ['DATA', 'DATA\r\n'],
  ['BDAT', 'BDAT 100000 LAST\r\n'],
] as const) {
  test(`content by ${way} has one timeout for each 512 bytes, however they arrive`, async (t) => {
    const fixture = await start(t);
    const client = await greeted(fixture);
    assert.match(await client.ask('MAIL FROM:<a@example.net>\r\n'), /^250/);
    assert.match(await client.ask('RCPT TO:<b@example.com>\r\n'), /^250/);
    client.send(before);
    await turns();
    for (let i = 0; i < 4; i++) {
      await pass(fixture, 200_000);
      client.send(`${'x'.repeat(510)}\r\n`);
    }
    await turns();
    await drip(fixture, client, 'xxxx');
    assert.equal(client.ended, false);
    await drip(fixture, client, 'xxxx');
    const replies = [await client.reply(), way === 'DATA' ? await client.reply() : ''].join('');
    assert.match(replies, /421 4\.4\.2/);
    assert.equal(fixture.spool.kept.length, 0);
  });
}

test('a chunk that is refused is read no slower', async (t) => {
  const fixture = await start(t);
  const client = await greeted(fixture);
  client.send('BDAT 1000\r\n');
  await drip(fixture, client, 'xxxxxxxx');
  assert.match(await client.reply(), /^421 4\.4\.2/);
});

for (const [how, open] of [
  ['in clear', greeted],
  ['under TLS', secured],
] as const)
  test(`a client that never reads ${how} is disconnected, although our last reply cannot be written`, async (t) => {
    const fixture = await start(t, { tls: 'offered' });
    const client = await open(fixture);
    client.socket.pause();
    // More commands, and more replies, than the system keeps for two sockets: they are taken as long as they have room.
    client.send('HELP\r\n'.repeat(4_000_000));
    let left = Infinity;
    while (client.socket.writableLength < left) {
      left = client.socket.writableLength;
      for (let i = 0; i < 20; i++) await turns();
    }
    assert.ok(left > 0);
    await pass(fixture, 302_000);
    assert.equal(fixture.receiver.connections, 1);
    await pass(fixture, 7_000);
    assert.equal(fixture.receiver.connections, 0);
  });

test('after our last reply a client has a short time, which its bytes do not extend', async (t) => {
  const fixture = await start(t);
  const client = await greeted(fixture);
  client.send('GET / HTTP/1.1\r\n');
  assert.match(await client.reply(), /^421 4\.7\.0/);
  for (let i = 0; i < 3; i++) {
    client.send('x');
    await pass(fixture, 3_000);
  }
  assert.equal(fixture.receiver.connections, 0);
});

test('the timeout of the content begins with our 354', async (t) => {
  const fixture = await start(t);
  const client = await greeted(fixture);
  await envelope(client);
  await pass(fixture, 299_000);
  assert.match(await client.ask('Subject: x\r\n\r\n.\r\n'), /^250/);
});
