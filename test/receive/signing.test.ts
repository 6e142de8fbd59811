// Whose mail is signed, and over which bytes: in real SMTP sessions, with a key in memory.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import fc from 'fast-check';
import type { Stage } from '../../src/policy/stage.ts';
import { noHints } from '../../src/sasl/token-exchanges.ts';
import type { Signing } from '../../src/signing/outgoing-mail.ts';
import { directoryOf } from '../sasl/secrets.ts';
import { type Client, type Fixture, greeted, secured, start } from './fixture.ts';
import { signingWith, stored } from './signing-fixture.ts';

const large = `${'x'.repeat(70)} \t \r\n`.repeat(500);
const header = 'From: Joe <joe@example.com>\r\nSubject: one\r\n';

async function send(client: Client, content: string): Promise<string> {
  await client.ask('MAIL FROM:<joe@example.com>\r\n');
  await client.ask('RCPT TO:<b@example.com>\r\n');
  assert.match(await client.ask('DATA\r\n'), /^354/);
  return client.ask(`${content.replaceAll(/^\./gm, '..')}.\r\n`);
}

async function signed(t: TestContext, signing: Signing, ...stages: Stage[]): Promise<[Fixture, Client]> {
  const fixture = await start(t, {
    signing,
    completesMail: true,
    stages: stages.map((stage) => ({ stage })),
  });
  return [fixture, await greeted(fixture)];
}

test('what is stored verifies: small, large, without a body, and with the fields that are added', async (t) => {
  const [fixture, client] = await signed(t, signingWith());
  for (const content of [
    `${header}\r\nHello\r\n`,
    `${header}\r\n${large}`,
    `${header}\r\n`,
    header,
    `${header}\r\n.\r\n..\r\n\r\n\r\n`,
  ]) {
    assert.match(await send(client, content), /^250/);
    assert.deepEqual(stored(fixture), ['pass'], content.slice(0, 100));
    assert.match(fixture.spool.kept.at(-1)!.content, /^DKIM-Signature: [^]*\r\nReceived: /);
  }
  assert.match(fixture.spool.kept[0]!.content, /\r\nMessage-ID: /);
  assert.equal(fixture.memory.usedBytes, 0);
});

test('it is signed after the last edit of a stage, of the header as of the body', async (t) => {
  const [fixture, client] = await signed(t, signingWith(), {
    name: 'editor',
    headers: () => ({
      kind: 'continue',
      edits: [{ kind: 'change-field', name: 'Subject', occurrence: 1, value: 'two' }],
    }),
    content: () => ({
      kind: 'continue',
      edits: [
        { kind: 'add-field', name: 'Reply-To', value: 'a@b.example' },
        { kind: 'replace-body', body: Buffer.from(`other \r\n${large}`) },
      ],
    }),
  });
  for (const body of ['Hello\r\n', large]) {
    assert.match(await send(client, `${header}\r\n${body}`), /^250/);
    assert.match(fixture.spool.kept.at(-1)!.content, /Subject: two\r\nReply-To: a@b\.example\r\n\r\nother/);
    assert.deepEqual(stored(fixture), ['pass']);
  }
});

test('a client that may not relay is not signed for, nor before it has logged in; a user is', async (t) => {
  const signing = signingWith();
  const directory = directoryOf({ login: 'joe@example.com', password: 'pencil' });
  const auth = { directory, mechanisms: ['PLAIN'], isRequired: false, hints: noHints };
  const fixture = await start(t, { signing, auth, networks: ['10.0.0.0'], tls: 'offered' });
  const client = await secured(fixture);
  assert.match(await send(client, `${header}\r\nHello\r\n`), /^250/);
  assert.deepEqual(stored(fixture), []);
  assert.equal(signing.requests.length, 0);
  assert.match(
    await client.ask(`AUTH PLAIN ${Buffer.from('\0joe@example.com\0pencil').toString('base64')}\r\n`),
    /^235/,
  );
  assert.match(await send(client, `${header}\r\nHello\r\n`), /^250/);
  assert.deepEqual(stored(fixture), ['pass']);
  assert.deepEqual(
    signing.requests.map(({ author, user, tenant }) => [author, user, tenant]),
    [['example.com', 'joe@example.com', '']],
  );
});

test('a user whom a front end tells is signed for, and its other clients are not', async (t) => {
  const signing = signingWith();
  const fixture = await start(t, { signing, xclient: ['127.0.0.0/8'], networks: ['10.0.0.0'] });
  for (const [attributes, results] of [
    ['ADDR=203.0.113.9 LOGIN=joe@example.com', ['pass']],
    ['ADDR=203.0.113.9 LOGIN=[UNAVAILABLE]', []],
  ] as const) {
    const client = await greeted(fixture);
    assert.match(await client.ask(`XCLIENT ${attributes}\r\n`), /^220/);
    assert.match(await client.ask('EHLO client.example\r\n'), /^250/);
    assert.match(await send(client, `${header}\r\nHello\r\n`), /^250/);
    assert.deepEqual(stored(fixture), results, attributes);
  }
  assert.deepEqual(
    signing.requests.map(({ user }) => user),
    ['joe@example.com'],
  );
});

test('mail of another author is not asked about, and a request has only fields that may be signed', async (t) => {
  const signing = signingWith();
  const [fixture, client] = await signed(t, signing);
  for (const from of ['joe@other.example', 'Joe', '<>', 'a@[192.0.2.1]'])
    assert.match(await send(client, `From: ${from}\r\n\r\nHello\r\n`), /^250/);
  assert.match(await send(client, 'Subject: x\r\n\r\nHello\r\n'), /^250/);
  assert.equal(signing.requests.length, 0);
  assert.match(await send(client, `X-Secret: y\r\n${header}\r\nHello\r\n`), /^250/);
  assert.doesNotMatch(signing.requests[0]!.header, /Secret|Received/);
  assert.deepEqual(stored(fixture), ['pass']);
});

test('mail that cannot be signed now is not kept, and the session goes on', async (t) => {
  const [fixture, client] = await signed(t, signingWith({ kind: 'failing', reason: 'no key' }));
  for (const body of ['Hello\r\n', large])
    assert.match(
      await send(client, `${header}\r\n${body}`),
      /^451 4\.7\.5 This message cannot be signed now, try again later/,
    );
  assert.equal(fixture.spool.kept.length, 0);
  assert.equal(fixture.memory.usedBytes, 0);
  assert.deepEqual(fixture.troubles.list, []);
  assert.match(await send(client, 'From: a@other.example\r\n\r\nHello\r\n'), /^250/);
});

test('what goes unsigned says in the log why', async (t) => {
  const [fixture, client] = await signed(t, signingWith({ kind: 'unsigned', reason: 'no key' }));
  assert.match(await send(client, `${header}\r\nHello\r\n`), /^250/);
  assert.deepEqual(stored(fixture), []);
  const line = fixture.log
    .map((each) => JSON.parse(each) as Record<string, unknown>)
    .find(({ event }) => event === 'received');
  assert.equal(line?.['unsigned'], 'no key');
});

test('whatever message is taken verifies as it was stored', async (t) => {
  const [fixture, client] = await signed(t, signingWith());
  const line = fc.string({ unit: fc.constantFrom('a', 'B', ' ', '\t', '.', ':', '\u00e4'), maxLength: 20 });
  const field = fc
    .tuple(fc.constantFrom('To', 'Subject', 'X-A', 'Date', 'From'), line)
    .map(([name, value]) => `${name}: ${value}\r\n`);
  const message = fc
    .tuple(fc.array(field, { maxLength: 6 }), fc.array(line, { maxLength: 8 }))
    .map(
      ([fields, lines]) =>
        `From: joe@example.com\r\n${fields.join('')}\r\n${lines.map((each) => `${each}\r\n`).join('')}`,
    );
  await fc.assert(
    fc.asyncProperty(message, async (content) => {
      assert.match(await send(client, content), /^250/);
      assert.deepEqual(stored(fixture), ['pass']);
    }),
    { numRuns: 150 },
  );
});
