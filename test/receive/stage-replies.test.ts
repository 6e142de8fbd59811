// What stages say to clients beside a verdict: lines of a reply, or no reply at all; and what they know of a connection.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { goOn, type Verdict } from '../../src/policy/stage.ts';
import { greeted } from './fixture.ts';
import { withStages } from './stage-fixture.ts';

test('a stage adds lines to replies, which keep their codes', async (t) => {
  const say = (text: string) => (): Verdict => ({ kind: 'continue', edits: [{ kind: 'reply-line', text }] });
  const fixture = await withStages(t, {
    name: 'talks',
    connect: say('Hello'),
    mail: say('a text\r\n250 that forges no reply'),
    rcpt: ({ recipient }) =>
      recipient.address.startsWith('unknown')
        ? { kind: 'reject', reply: { code: 550, enhanced: '5.1.1', text: 'No such user here' } }
        : say('known')(),
  });
  const client = await fixture.client();
  assert.match(await client.reply(), /^220-Hello\r\n220 mx\.example\.org/);
  assert.match(await client.ask('EHLO client.example\r\n'), /^250-mx\.example\.org/);
  assert.equal(
    await client.ask('MAIL FROM:<a@example.net>\r\n'),
    '250-2.1.0 a text 250 that forges no reply\r\n250 2.1.0 Sender ok',
  );
  assert.equal(await client.ask('RCPT TO:<b@example.com>\r\n'), '250-2.1.5 known\r\n250 2.1.5 Recipient ok');
  assert.equal(await client.ask('RCPT TO:<unknown@example.com>\r\n'), '550 5.1.1 No such user here');
});

test('more lines of a reply than are allowed are a failure of the stage', async (t) => {
  const edits = Array.from({ length: 51 }, () => ({ kind: 'reply-line', text: 'x' }) as const);
  const fixture = await withStages(t, { name: 'talks', mail: () => ({ kind: 'continue', edits }) });
  const client = await greeted(fixture);
  assert.match(await client.ask('MAIL FROM:<a@example.net>\r\n'), /^451 4\.3\.0 /);
});

test('a stage closes a connection without a reply', async (t) => {
  const fixture = await withStages(t, { name: 'silent', rcpt: () => ({ kind: 'drop' }) });
  const client = await greeted(fixture);
  assert.match(await client.ask('MAIL FROM:<a@example.net>\r\n'), /^250/);
  client.send('RCPT TO:<b@example.com>\r\n');
  assert.equal(await client.reply(), '');
  const line = fixture.log.find((each) => each.includes('"command":"RCPT"'));
  assert.match(line ?? '', /"stage":"silent".*closed without a reply/);
});

test('stages know the ends of a connection, and how its user has logged in', async (t) => {
  const seen: unknown[] = [];
  const fixture = await withStages(t, {
    name: 'looks',
    connect: ({ connection, mechanism }) => {
      const { remotePort, localAddress, localPort } = connection;
      seen.push([typeof remotePort, localAddress, typeof localPort, mechanism]);
      return goOn;
    },
  });
  await greeted(fixture);
  assert.deepEqual(seen, [['number', '127.0.0.1', 'number', undefined]]);
});
