// While messages wait for stable storage, their session goes on (RFC 2920 3.1): one commit serves several of them, replies keep their
// order, and each message is answered only when it is stored.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test, type TestContext } from 'node:test';
import { goOn, type Stage } from '../../src/policy/stage.ts';
import { SpoolError } from '../../src/spool/spool-error.ts';
import { type Client, type Fixture, greeted, secured, start } from './fixture.ts';
import type { Commit } from './memory-spool.ts';
import { pass, turns } from './stage-fixture.ts';

const content = 'Subject: x\r\n\r\nbody\r\n';
const group = (from: string, body = content): string =>
  `MAIL FROM:<${from}@example.net>\r\nRCPT TO:<b@example.com>\r\nBDAT ${body.length} LAST\r\n${body}`;

/** A receiver whose commits end when the test says so. */
async function withCommits(
  t: TestContext,
  options: Parameters<typeof start>[1] = {},
): Promise<{ fixture: Fixture; commits: Commit[] }> {
  const fixture = await start(t, options);
  const commits: Commit[] = [];
  fixture.spool.commits = commits;
  return { fixture, commits };
}

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setImmediate(resolve));
}

/** The codes of so many replies. */
async function codes(client: Client, count: number): Promise<string> {
  const found: string[] = [];
  for (let i = 0; i < count; i++) found.push((await client.reply()).slice(0, 3));
  return found.join(' ');
}

for (const [how, open] of [
  ['in clear', greeted],
  ['under TLS', secured],
] as const)
  test(`several messages of one connection wait for stable storage at once, ${how}`, async (t) => {
    const { fixture, commits } = await withCommits(t, { tls: 'offered' });
    const client = await open(fixture);
    client.send(group('one') + group('two') + group('three'));
    await until(() => commits.length === 3);
    assert.equal(fixture.submitted.length, 0);
    assert.equal(await codes(client, 2), '250 250');
    commits[2]!.end();
    await turns();
    assert.equal(fixture.submitted.length, 1);
    commits[0]!.end();
    assert.equal(await client.reply(), '250 2.0.0 queued as ID1');
    assert.equal(await codes(client, 2), '250 250');
    commits[1]!.end();
    assert.equal(await client.reply(), '250 2.0.0 queued as ID2');
    assert.equal(await codes(client, 2), '250 250');
    assert.equal(await client.reply(), '250 2.0.0 queued as ID3');
    assert.deepEqual(fixture.submitted.map(({ queueId }) => queueId).toSorted(), ['ID1', 'ID2', 'ID3']);
    assert.equal(fixture.memory.usedBytes, 0);
  });

test('DATA of the next message is read while the one before waits, and its 354 comes behind', async (t) => {
  const { fixture, commits } = await withCommits(t);
  const client = await greeted(fixture);
  client.send('MAIL FROM:<a@example.net>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n');
  assert.equal(await codes(client, 3), '250 250 354');
  client.send(`${content}.\r\nMAIL FROM:<a@example.net>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n`);
  await until(() => commits.length === 1);
  commits[0]!.end();
  assert.equal(await codes(client, 4), '250 250 250 354');
  client.send(`${content}.\r\n`);
  await until(() => commits.length === 2);
  commits[1]!.end();
  assert.equal(await client.reply(), '250 2.0.0 queued as ID2');
});

test('a commit that fails refuses its own message alone, for now', async (t) => {
  const { fixture, commits } = await withCommits(t);
  const client = await greeted(fixture);
  client.send(group('one') + group('two') + group('three') + group('four'));
  await until(() => commits.length === 4);
  commits[0]!.end(new SpoolError('SPOOL_FULL', 'full'));
  commits[1]!.end();
  commits[2]!.end(new SpoolError('SPOOL_WRITE_FAILED', 'failed'));
  commits[3]!.end();
  assert.equal(await codes(client, 12), '250 250 452 250 250 250 250 250 451 250 250 250');
  assert.deepEqual(
    fixture.submitted.map(({ reversePath }) => reversePath),
    ['two@example.net', 'four@example.net'],
  );
  const rejected = fixture.log.filter((line) => line.includes('"rejected"'));
  assert.equal(rejected.length, 2);
  assert.match(rejected[0]!, /one@example\.net.*452 4\.3\.1/);
  assert.equal(fixture.memory.usedBytes, 0);
});

test('when the disk gets full meanwhile, the next message is refused at MAIL, behind the answers before', async (t) => {
  const { fixture, commits } = await withCommits(t);
  const client = await greeted(fixture);
  client.send(group('one'));
  await until(() => commits.length === 1);
  fixture.spool.room = false;
  client.send(group('two'));
  await turns();
  commits[0]!.end();
  // RFC 3030 2: the chunk of the refused message is read and dropped.
  assert.equal(await codes(client, 6), '250 250 250 452 503 503');
  fixture.spool.room = true;
  client.send(`RSET\r\n${group('three')}`);
  await until(() => commits.length === 2);
  commits[1]!.end();
  assert.equal(await codes(client, 4), '250 250 250 250');
  assert.equal(fixture.spool.kept.length, 2);
});

test('a stage that answers later for the next message holds up no answer', async (t) => {
  const verdict = Promise.withResolvers<typeof goOn>();
  let asked = 0;
  const slow: Stage = { name: 'slow', rcpt: () => (++asked === 2 ? verdict.promise : goOn) };
  const { fixture, commits } = await withCommits(t, { stages: [{ stage: slow }] });
  const client = await greeted(fixture);
  client.send(group('one') + group('two'));
  await until(() => asked === 2);
  commits[0]!.end();
  assert.equal(await codes(client, 4), '250 250 250 250');
  assert.equal(commits.length, 1);
  verdict.resolve(goOn);
  await until(() => commits.length === 2);
  commits[1]!.end();
  assert.equal(await codes(client, 2), '250 250');
});

test('a stage that answers while a message waits starts no timeout', async (t) => {
  const verdict = Promise.withResolvers<typeof goOn>();
  let asked = 0;
  const slow: Stage = { name: 'slow', mail: () => (++asked === 2 ? verdict.promise : goOn) };
  const { fixture, commits } = await withCommits(t, { stages: [{ stage: slow }] });
  const client = await greeted(fixture);
  client.send(`${group('one')}MAIL FROM:<a@example.net>\r\n`);
  await until(() => asked === 2);
  verdict.resolve(goOn);
  await pass(fixture, 1_000_000);
  commits[0]!.end();
  assert.equal(await codes(client, 4), '250 250 250 250');
  // The time for the next command begins now.
  await pass(fixture, 299_000);
  assert.match(await client.ask('NOOP\r\n'), /^250/);
  await pass(fixture, 302_000);
  assert.match(await client.reply(), /^421 4\.4\.2/);
});

test('a client that always has a message under way is served no longer than timeout_session', async (t) => {
  const { fixture, commits } = await withCommits(t);
  const client = await greeted(fixture);
  client.send(group('one') + group('two'));
  await until(() => commits.length === 2);
  await pass(fixture, 3_600_001);
  commits[0]!.end();
  assert.equal(await codes(client, 5), '250 250 250 250 250');
  client.send(group('three'));
  await turns();
  assert.equal(commits.length, 2);
  commits[1]!.end();
  assert.match(await client.reply(), /^250/);
  assert.match(await client.reply(), /^421 4\.4\.2 .* Timed out/);
  assert.equal(await client.reply(), '');
});

test('QUIT is answered, and the connection closed, when all messages are answered', async (t) => {
  const { fixture, commits } = await withCommits(t);
  const client = await greeted(fixture);
  client.send(`${group('one')}${group('two')}QUIT\r\n`);
  await until(() => commits.length === 2);
  await turns();
  commits[1]!.end();
  await turns();
  assert.equal(client.ended, false);
  commits[0]!.end();
  assert.equal(await codes(client, 7), '250 250 250 250 250 250 221');
  assert.equal(await client.reply(), '');
});

test('a client that closes its side gets all answers before we close ours', async (t) => {
  const { fixture, commits } = await withCommits(t);
  const client = await greeted(fixture);
  client.socket.end(group('one') + group('two'));
  await until(() => commits.length === 2);
  await turns();
  assert.equal(client.ended, false);
  commits[0]!.end();
  await turns();
  assert.equal(client.ended, false);
  commits[1]!.end();
  assert.equal(await codes(client, 6), '250 250 250 250 250 250');
  assert.equal(await client.reply(), '');
});

test('of a client that breaks off, complete messages are stored and the incomplete one is not', async (t) => {
  const { fixture, commits } = await withCommits(t);
  const client = await greeted(fixture);
  client.send(group('one') + group('two') + group('three').slice(0, -3));
  await until(() => commits.length === 2);
  await turns();
  client.socket.resetAndDestroy();
  await until(() => fixture.receiver.connections === 0);
  for (const commit of commits) commit.end();
  await until(() => fixture.submitted.length === 2);
  await turns();
  assert.equal(fixture.spool.kept.length, 2);
  assert.equal(fixture.memory.usedBytes, 0);
});

test('on stop, messages that wait are answered before the 421', async (t) => {
  const { fixture, commits } = await withCommits(t);
  const client = await greeted(fixture);
  client.send(group('one') + group('two'));
  await until(() => commits.length === 2);
  const drained = Promise.withResolvers<void>();
  let isDrained = false;
  fixture.receiver.drain(() => {
    isDrained = true;
    drained.resolve();
  });
  client.send(group('three'));
  await turns();
  assert.equal(commits.length, 2, 'no further message is taken');
  commits[0]!.end();
  await turns();
  assert.equal(isDrained, false);
  commits[1]!.end();
  assert.equal(await codes(client, 7), '250 250 250 250 250 250 421');
  client.socket.end();
  await drained.promise;
  assert.equal(fixture.submitted.length, 2);
});

test('STARTTLS behind a message is answered behind it', async (t) => {
  const { fixture, commits } = await withCommits(t, { tls: 'offered' });
  const client = await greeted(fixture);
  client.send(`${group('one')}STARTTLS\r\n`);
  await until(() => commits.length === 1);
  await turns();
  commits[0]!.end();
  assert.equal(await codes(client, 4), '250 250 250 220');
  await client.secure();
  assert.match(await client.ask('EHLO client.example\r\n'), /^250-mx\.example\.org/);
  client.send(group('two'));
  await until(() => commits.length === 2);
  commits[1]!.end();
  assert.equal(await codes(client, 3), '250 250 250');
});

test('reading stops while too many messages of one connection wait', async (t) => {
  const { fixture, commits } = await withCommits(t, { memoryBytes: 10_000_000 });
  const client = await greeted(fixture);
  const count = 4000;
  for (let n = 0; n < count; n++) client.send(group(`n${n}`, `${content}${'x'.repeat(3000)}\r\n`));
  await until(() => commits.length === 128);
  await turns();
  assert.equal(commits.length, 128);
  assert.ok(fixture.memory.usedBytes < 128 * 10_000, `${fixture.memory.usedBytes}`);
  // What the client sends beyond stays in the system's buffers and with the client.
  assert.ok(client.socket.writableLength > 0);
  let done = 0;
  const end = async (): Promise<void> => {
    while (done < count) {
      await until(() => commits.length > done);
      commits[done++]!.end();
    }
  };
  const [replies] = await Promise.all([codes(client, 3 * count), end()]);
  assert.equal(replies, Array.from({ length: 3 * count }, () => '250').join(' '));
  assert.equal(fixture.submitted.length, count);
  assert.equal(fixture.memory.usedBytes, 0);
});

test('while memory is scarce, a session takes one message at a time', async (t) => {
  const { fixture, commits } = await withCommits(t, { memoryBytes: 2000 });
  const client = await greeted(fixture);
  const large = `${content}${'x'.repeat(1200)}\r\n`;
  client.send(group('one', large) + group('two', large) + group('three'));
  for (let n = 0; n < 2; n++) {
    await until(() => commits.length === n + 1);
    await turns();
    assert.equal(commits.length, n + 1);
    commits[n]!.end();
  }
  await until(() => commits.length === 3);
  commits[2]!.end();
  assert.equal(await codes(client, 9), '250 250 250 250 250 250 250 250 250');
  assert.equal(fixture.memory.usedBytes, 0);
});

test('while the link to the manager is congested, a session takes one message at a time', async (t) => {
  const { fixture, commits } = await withCommits(t);
  const { manager } = fixture;
  const client = await greeted(fixture);
  client.send(group('one'));
  await until(() => commits.length === 1);
  manager.isCongested = true;
  client.send(group('two') + group('three'));
  await until(() => commits.length === 2);
  await turns();
  assert.equal(commits.length, 2);
  for (const commit of commits) commit.end();
  await until(() => manager.waiting.length === 2);
  await turns();
  assert.equal(commits.length, 2);
  assert.equal(await codes(client, 2), '250 250');
  manager.isCongested = false;
  for (const callBack of manager.waiting) callBack();
  await until(() => commits.length === 3);
  commits[2]!.end();
  assert.equal(await codes(client, 7), '250 250 250 250 250 250 250');
});

test('small messages that wait take memory, too', async (t) => {
  const { fixture, commits } = await withCommits(t, { memoryBytes: 100_000 });
  const client = await greeted(fixture);
  client.send(group('one', '\r\n').repeat(30));
  await until(() => commits.length === 10);
  await turns();
  assert.equal(commits.length, 10);
  for (let done = 0; done < 30; done++) {
    await until(() => commits.length > done);
    commits[done]!.end();
  }
  assert.equal((await codes(client, 90)).replaceAll('250', '').trim(), '');
  assert.equal(fixture.memory.usedBytes, 0);
});

test('commands between messages that wait count as memory, too', async (t) => {
  const { fixture, commits } = await withCommits(t, { memoryBytes: 20_000 });
  const client = await greeted(fixture);
  client.send(
    `${group('one')}${'NOOP xxxxxxxxxxxxxxxxxxxxxxx\r\n'.repeat(400)}${group('two')}${group('three')}`,
  );
  await until(() => commits.length === 2);
  await turns();
  assert.equal(commits.length, 2, 'the chunks that the commands came in may still be in memory');
  assert.ok(fixture.memory.usedBytes > 18_000);
  commits[1]!.end();
  await until(() => commits.length === 3);
  commits[0]!.end();
  commits[2]!.end();
  await until(() => fixture.submitted.length === 3);
  assert.equal(fixture.memory.usedBytes, 0);
});

test('a client that reads no answers while messages wait is not read without end', async (t) => {
  const { fixture, commits } = await withCommits(t);
  const client = await greeted(fixture);
  client.socket.pause();
  client.send(group('one') + 'NOOP\r\n'.repeat(4_000_000));
  await until(() => commits.length === 1);
  let left = Infinity;
  while (client.socket.writableLength < left) {
    left = client.socket.writableLength;
    for (let i = 0; i < 20; i++) await turns();
  }
  assert.ok(left > 0);
  commits[0]!.end();
  client.socket.resume();
  assert.equal(await codes(client, 3), '250 250 250');
  client.socket.destroy();
  await once(client.socket, 'close');
});
