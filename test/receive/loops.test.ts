// Mail that has passed too many hosts is refused when its content has ended, and the log says between which hosts it goes round (RFC 5321 6.3).

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Client, greeted, start } from './fixture.ts';

const hop = (by: string): string => `Received: from x.test by ${by} with SMTP; 1 Jan 2026 00:00:00 +0000\r\n`;

async function handIn(client: Client, content: string): Promise<string> {
  await client.ask('MAIL FROM:<a@example.net>\r\n');
  await client.ask('RCPT TO:<b@example.com>\r\n');
  await client.ask('DATA\r\n');
  return client.ask(`${content}.\r\n`);
}

test('a message with as many trace fields as max_received is refused, and the log names its loop', async (t) => {
  const fixture = await start(t, { settings: { maxReceived: 6 } });
  const client = await greeted(fixture);
  const two = `${hop('one.test')}${hop('two.test')}`;
  assert.match(await handIn(client, `${two.repeat(2)}Delivered-To: b@example.com\r\n\r\nx\r\n`), /^250/);
  assert.equal(
    await handIn(client, `${two.repeat(3)}Subject: y\r\n\r\nx\r\n`),
    '554 5.4.6 Too many hops: this message loops',
  );
  assert.equal(fixture.spool.kept.length, 1);
  const lines = fixture.log.filter((line) => line.includes('looped'));
  assert.equal(lines.length, 1);
  assert.match(
    lines[0] ?? '',
    /"to":\["b@example\.com"\].*"hops":6,"passed":"two\.test \(2 times\), one\.test"/u,
  );
  // The session goes on.
  assert.match(await handIn(client, 'Subject: z\r\n\r\nx\r\n'), /^250/);
});

test('of a message that has gone round for long, all but the ten latest fields are counted', async (t) => {
  const fixture = await start(t, { settings: { maxReceived: 100 } });
  const client = await greeted(fixture);
  const two = `${hop('one.test')}${hop('two.test')}`;
  assert.match(
    await handIn(client, `${two.repeat(49)}${hop('origin.test').repeat(2)}\r\nx\r\n`),
    /^554 5\.4\.6/,
  );
  const line = fixture.log.find((each) => each.includes('looped')) ?? '';
  assert.match(
    line,
    /"hops":100,"passed":"one\.test \(44 times\), two\.test \(44 times\), origin\.test \(2 times\)"/u,
  );
});
