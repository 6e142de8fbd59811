// Clients that name recipients that do not exist are slowed, then refused: in real SMTP sessions, on a clock of the test.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GuessCounts } from '../../src/receive/guess-counts.ts';
import { type Client, type Fixture, greeted, receiveSettings, start } from './fixture.ts';
import { pass, turns, unknown } from './stage-fixture.ts';

const free = { free: 0, delayMs: 0, most: 0, awaitsProof: false };

/** Knows joe alone. */
const joeAlone = {
  stage: {
    name: 'recipients',
    rcpt: ({ recipient }: { recipient: { address: string } }) =>
      recipient.address.startsWith('joe@') ? ({ kind: 'continue' } as const) : unknown,
  },
};

type StartOptions = NonNullable<Parameters<typeof start>[1]>;

function guessed(t: Parameters<typeof start>[0], options: StartOptions): Promise<Fixture> {
  const { session } = receiveSettings();
  const settings = { session: { ...session, maxErrors: 0 }, ...options.settings };
  return start(t, { networks: ['10.0.0.0'], stages: [joeAlone], ...options, settings });
}

async function inTransaction(fixture: Fixture): Promise<Client> {
  const client = await greeted(fixture);
  assert.match(await client.ask('MAIL FROM:<a@example.net>\r\n'), /^250/);
  return client;
}

const guesses = (fixture: Fixture) =>
  fixture.log
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ event }) => event === 'guessing');

test('after some unknown recipients, each further one is answered later, and known ones at once', async (t) => {
  const fixture = await guessed(t, { settings: { guessing: { ...free, free: 2, delayMs: 5000 } } });
  const client = await inTransaction(fixture);
  for (const name of ['a', 'b']) assert.match(await client.ask(`RCPT TO:<${name}@example.com>\r\n`), /^550/);
  let answer: string | undefined;
  const answered = client.ask('RCPT TO:<c@example.com>\r\n').then((reply) => {
    answer = reply;
  });
  await pass(fixture, 4000);
  assert.equal(answer, undefined);
  await pass(fixture, 2000);
  await answered;
  assert.equal(answer, '550 5.1.1 No such user here');
  assert.match(await client.ask('RCPT TO:<joe@example.com>\r\n'), /^250/);
  assert.deepEqual(guesses(fixture), []);
});

test('commands that were sent ahead are answered in order after the wait', async (t) => {
  const fixture = await guessed(t, { settings: { guessing: { ...free, delayMs: 1000 } } });
  const client = await inTransaction(fixture);
  client.send('RCPT TO:<a@example.com>\r\nRCPT TO:<joe@example.com>\r\nNOOP\r\n');
  await pass(fixture, 2000);
  assert.match(await client.reply(), /^550 5\.1\.1/);
  assert.match(await client.reply(), /^250 2\.1\.5/);
  assert.match(await client.reply(), /^250 2\.0\.0/);
});

test('a client that goes while its answer waits leaves nothing behind', async (t) => {
  const fixture = await guessed(t, { settings: { guessing: { ...free, delayMs: 5000 } } });
  const client = await inTransaction(fixture);
  client.send('RCPT TO:<a@example.com>\r\n');
  await turns();
  client.socket.destroy();
  await pass(fixture, 10_000);
  while (fixture.receiver.connections > 0) await turns();
  // Its place is free for others.
  const next = await inTransaction(fixture);
  assert.match(await next.ask('RCPT TO:<joe@example.com>\r\n'), /^250/);
});

test('the session ends with one unknown recipient more than it may have', async (t) => {
  const fixture = await guessed(t, { settings: { guessing: { ...free, most: 2 } } });
  const client = await inTransaction(fixture);
  for (const name of ['a', 'b']) assert.match(await client.ask(`RCPT TO:<${name}@example.com>\r\n`), /^550/);
  assert.equal(
    await client.ask('RCPT TO:<c@example.com>\r\n'),
    '421 4.7.0 mx.example.org Too many recipients that do not exist, try again later',
  );
  assert.equal(await client.reply(), '');
  assert.deepEqual(
    guesses(fixture).map(({ client: address, unknown: count }) => [address, count]),
    [['127.0.0.1', 3]],
  );
});

for (const [code, text, isCounted] of [
  [550, '5.1.1 no such user', true],
  [511, '5.1.1', true],
  [511, 'sorry, no mailbox here by that name (#5.1.1)', true],
  [550, ['Look at this:', '5.1.1 no such user'], true],
  [550, '5.1.10 null MX', false],
  [550, 'your 5.1.1 is not about a mailbox', false],
  [550, 'no such user', false],
] as const) {
  test(`a refusal with ${code} ${String(text)} ${isCounted ? 'counts' : 'does not count'}`, async (t) => {
    const stage = { name: 'script', rcpt: () => ({ kind: 'reject', reply: { code, text } }) as const };
    const fixture = await guessed(t, {
      stages: [{ stage }],
      settings: { guessing: { ...free, most: 1 } },
    });
    const client = await inTransaction(fixture);
    assert.match(await client.ask('RCPT TO:<a@example.com>\r\n'), new RegExp(`^${code}`));
    const second = await client.ask('RCPT TO:<b@example.com>\r\n');
    assert.equal(second.startsWith('421 4.7.0 '), isCounted, second);
  });
}

/** Three unknown recipients in two sessions: the third is one too many. */
async function goBeyond(fixture: Fixture): Promise<void> {
  const first = await inTransaction(fixture);
  for (const name of ['a', 'b']) assert.match(await first.ask(`RCPT TO:<${name}@example.com>\r\n`), /^550/);
  first.socket.destroy();
  const second = await inTransaction(fixture);
  assert.match(await second.ask('RCPT TO:<c@example.com>\r\n'), /^421 4\.7\.0/);
}

function counts(): GuessCounts {
  const made = new GuessCounts();
  made.configure({ rate: { count: 2, perMs: 3_600_000 }, restMs: 600_000 });
  return made;
}

test('over sessions, a client that goes on is refused for a while, and then served again', async (t) => {
  const fixture = await guessed(t, { guesses: counts() });
  await goBeyond(fixture);
  const [event] = guesses(fixture);
  assert.equal(event?.['key'], '127.0.0.1');
  assert.match(String(event?.['again']), /^\d{4}-/);
  const refused = await fixture.client();
  assert.match(await refused.reply(), /^421 4\.7\.0 mx\.example\.org Your network has named too many/);
  assert.equal(await refused.reply(), '');
  await pass(fixture, 601_000);
  const later = await inTransaction(fixture);
  assert.match(await later.ask('RCPT TO:<d@example.com>\r\n'), /^550/);
});

test('where clients can log in, one that rests is refused at MAIL alone', async (t) => {
  const settings = { guessing: { ...free, awaitsProof: true } };
  const fixture = await guessed(t, { guesses: counts(), settings });
  await goBeyond(fixture);
  const client = await greeted(fixture);
  assert.match(await client.ask('MAIL FROM:<a@example.net>\r\n'), /^421 4\.7\.0/);
});

for (const [who, options] of [
  ['that may relay', { networks: ['127.0.0.0'] }],
  ['that client_limits_exempt names', { networks: ['127.0.0.0'], exempt: true }],
] as const) {
  test(`a client ${who} is neither slowed nor refused`, async (t) => {
    const fixture = await guessed(t, {
      ...options,
      networks: [...options.networks],
      guesses: counts(),
      settings: { guessing: { ...free, delayMs: 5000, most: 1 } },
    });
    const client = await inTransaction(fixture);
    for (const name of ['a', 'b', 'c', 'd']) {
      assert.match(await client.ask(`RCPT TO:<${name}@example.com>\r\n`), /^550 5\.1\.1/);
    }
  });
}

test('all addresses of an IPv6 /64 are one client, and each IPv4 address is one', () => {
  const made = counts();
  assert.equal(made.add('2001:db8::1', 0), undefined);
  assert.equal(made.add('2001:db8::2', 0), undefined);
  assert.notEqual(made.add('2001:db8::3', 0), undefined);
  assert.equal(made.rests('2001:db8::4', 1), true);
  assert.equal(made.rests('2001:db8:0:1::4', 1), false);
  for (const last of [1, 2, 3]) assert.equal(made.add(`192.0.2.${last}`, 0), undefined);
});

test('unknown recipients of long ago do not count', () => {
  const made = counts();
  for (let hour = 0; hour < 20; hour++) {
    assert.equal(made.add('192.0.2.1', hour * 4_000_000), undefined);
    assert.equal(made.add('192.0.2.1', hour * 4_000_000 + 1), undefined);
  }
});

test('the number of clients that are remembered is bounded', () => {
  const made = new GuessCounts(100);
  made.configure({ rate: { count: 1, perMs: 3_600_000 }, restMs: 600_000 });
  for (let i = 0; i < 1000; i++) {
    const client = `192.0.${i >> 8}.${i & 255}`;
    made.add(client, i);
    assert.notEqual(made.add(client, i), undefined);
    assert.ok(made.resting <= 100);
  }
  assert.equal(made.rests('192.0.3.231', 1000), true);
  made.configure(undefined);
  assert.equal(made.rests('192.0.3.231', 1000), false);
});
