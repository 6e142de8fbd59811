// Mail that our own devices hand in is completed where the listener says so (RFC 6409 8, RFC 5321 6.4); other mail is not changed.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Client, type Fixture, greeted, start } from './fixture.ts';

const added = /Date: [^\r]+\r\nMessage-ID: <[a-z0-9.]+@mx\.example\.org>\r\n/;

async function handIn(client: Client, content: string): Promise<void> {
  assert.match(await client.ask('MAIL FROM:<a@example.net>\r\n'), /^250/);
  assert.match(await client.ask('RCPT TO:<b@example.com>\r\n'), /^250/);
  assert.match(await client.ask('DATA\r\n'), /^354/);
  assert.match(await client.ask(`${content}.\r\n`), /^250/);
}

/** What is kept of the message, without our Received line. */
function kept(fixture: Fixture): string {
  const content = fixture.spool.kept.at(-1)?.content ?? '';
  return content.replace(/^Received: [^\r]*\r\n(?:\t[^\r]*\r\n)*/, '');
}

test('a missing Date and Message-ID come at the end of the header', async (t) => {
  const fixture = await start(t, { completesMail: true });
  const client = await greeted(fixture);
  await handIn(client, 'Subject: scan\r\n\r\nDate: of the body\r\n');
  assert.match(kept(fixture), added);
  assert.equal(
    kept(fixture).replace(added, '(added)\r\n'),
    'Subject: scan\r\n(added)\r\n\r\nDate: of the body\r\n',
  );
  await handIn(client, '\r\nbody\r\n');
  assert.equal(kept(fixture).replace(added, '(added)\r\n'), '(added)\r\n\r\nbody\r\n');
});

test('only what is missing is added', async (t) => {
  const fixture = await start(t, { completesMail: true });
  const client = await greeted(fixture);
  await handIn(client, 'DATE: x\r\nSubject: y\r\n\r\nbody\r\n');
  assert.match(kept(fixture), /^DATE: x\r\nSubject: y\r\nMessage-ID: <[^>]+>\r\n\r\nbody\r\n$/);
  await handIn(client, 'Message-Id: <x@y>\r\n\r\nbody\r\n');
  assert.match(kept(fixture), /^Message-Id: <x@y>\r\nDate: [^\r]+\r\n\r\nbody\r\n$/);
  const whole = 'Date: x\r\nMessage-ID: <x@y>\r\nDelivered: z\r\n\r\nbody\r\n';
  await handIn(client, whole);
  assert.equal(kept(fixture), whole);
});

test('a message that goes to a file of its own is completed too', async (t) => {
  const fixture = await start(t, { completesMail: true });
  const client = await greeted(fixture);
  const body = `${'x'.repeat(78)}\r\n`.repeat(1_000);
  await handIn(client, `Subject: scan\r\n\r\n${body}`);
  assert.equal(kept(fixture).replace(added, ''), `Subject: scan\r\n\r\n${body}`);
  assert.match(kept(fixture), added);
});

test('a message is completed even when its header is longer than what is kept in memory', async (t) => {
  const fixture = await start(t, { completesMail: true });
  const client = await greeted(fixture);
  const content = `${`X-Long: ${'x'.repeat(70)}\r\n`.repeat(400)}Subject: scan\r\n\r\nbody\r\n`;
  await handIn(client, content);
  assert.equal(fixture.spool.kept.at(-1)?.large, true);
  assert.match(kept(fixture), added);
  assert.equal(kept(fixture).replace(added, ''), content);
});

for (const [what, options, content] of [
  [
    'that another server has relayed',
    { completesMail: true },
    'Received: from x\r\nSubject: y\r\n\r\nbody\r\n',
  ],
  [
    'of a client that may not relay',
    { completesMail: true, networks: ['10.0.0.0'] },
    'Subject: y\r\n\r\nbody\r\n',
  ],
  ['at a listener that completes none', { completesMail: false }, 'Subject: y\r\n\r\nbody\r\n'],
] as const) {
  test(`mail ${what} is not changed`, async (t) => {
    const fixture = await start(t, {
      ...options,
      networks: [...('networks' in options ? options.networks : ['127.0.0.0'])],
    });
    const client = await greeted(fixture);
    await handIn(client, content);
    assert.equal(kept(fixture), content);
  });
}

test('a sender without a domain gets our hostname, if the client may relay and the listener completes mail', async (t) => {
  const device = await greeted(await start(t, { completesMail: true }));
  assert.match(await device.ask('MAIL FROM:<scanner>\r\n'), /^250/);
  const stranger = await greeted(await start(t, { completesMail: true, networks: ['10.0.0.0'] }));
  assert.match(await stranger.ask('MAIL FROM:<scanner>\r\n'), /^501 5\.1\.7/);
  assert.match(await stranger.ask('MAIL FROM:scanner@example.net\r\n'), /^501 5\.5\.4/);
  const server = await greeted(await start(t, { completesMail: false }));
  assert.match(await server.ask('MAIL FROM:<scanner>\r\n'), /^501 5\.1\.7/);
  assert.match(await server.ask('MAIL FROM:scanner@example.net\r\n'), /^250/);
});
