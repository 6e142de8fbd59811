// Sending limits over real sockets: whose mail is counted, what is taken back, and what clients are told.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type {
  ChargeAnswer,
  HandIn,
  SendingCharge,
  SendingLedger,
  SendingRule,
} from '../../src/policy/sending/types.ts';
import { goOn, type Stage } from '../../src/policy/stage.ts';
import { noHints } from '../../src/sasl/token-exchanges.ts';
import { directoryOf } from '../sasl/secrets.ts';
import { SpoolError } from '../../src/spool/spool-error.ts';
import { rule } from '../policy/sending/rules.ts';
import { type Client, envelope, type Fixture, greeted, secured, start } from './fixture.ts';
import { turns, unknown } from './stage-fixture.ts';

const message = 'Subject: x\r\n\r\nhello\r\n.\r\n';
const rules = [rule('client', { messages: ['10/h'], recipients: ['3/h'] })];

class Ledger implements SendingLedger {
  readonly asked: HandIn[] = [];
  readonly released: SendingCharge[] = [];
  /** What is answered instead of having counted. */
  answer: ChargeAnswer | undefined;
  /** When set, answers wait for it. */
  gate: Promise<void> | undefined;

  async charge(handIn: HandIn): Promise<ChargeAnswer> {
    this.asked.push(handIn);
    await this.gate;
    return this.answer ?? { kind: 'counted', charge: { handIn, atMs: 1, turnMs: 1 } };
  }

  release(charge: SendingCharge): void {
    this.released.push(charge);
  }

  get counted(): number {
    return this.asked.length - this.released.length;
  }
}

async function limited(
  t: TestContext,
  {
    limits = rules,
    ...options
  }: Parameters<typeof start>[1] & { readonly limits?: readonly SendingRule[] } = {},
): Promise<{ readonly ledger: Ledger; readonly fixture: Fixture; readonly client: Client }> {
  const ledger = new Ledger();
  const fixture = await start(t, { ...options, sending: { rules: limits, ledger } });
  return { ledger, fixture, client: await greeted(fixture) };
}

test('an accepted message is counted once, with its user, client, tenant, sender domain and recipients', async (t) => {
  const auth = {
    directory: directoryOf({ login: 'joe@example.com', password: 'pencil' }),
    isRequired: false,
    hints: noHints,
  };
  const ledger = new Ledger();
  const fixture = await start(t, {
    auth: { ...auth, mechanisms: ['PLAIN'] },
    networks: ['10.0.0.0'],
    tls: 'offered',
    tenants: [{ name: 'shop', sender: [], client: [], priority: 0 }],
    sending: { rules: [rule('user', { messages: ['10/h'] })], ledger },
  });
  const client = await secured(fixture);
  await client.ask(`AUTH PLAIN ${Buffer.from('\0joe@example.com\0pencil').toString('base64')}\r\n`);
  await client.ask('MAIL FROM:<joe@Example.NET>\r\n');
  await client.ask('RCPT TO:<a@elsewhere.example>\r\n');
  await client.ask('RCPT TO:<b@elsewhere.example>\r\n');
  assert.match(await client.ask('DATA\r\n'), /^354/);
  assert.match(await client.ask(message), /^250/);
  const user = 'joe@example.com';
  assert.deepEqual(ledger.asked, [
    { user, client: '127.0.0.1', tenant: 'shop', senderDomain: 'example.net', recipients: 2 },
  ]);
  assert.equal(ledger.released.length, 0);
});

test('mail of clients that may not relay is never counted, nor is mail for which no limit holds', async (t) => {
  const stranger = await limited(t, { networks: ['10.0.0.0'] });
  await envelope(stranger.client);
  assert.match(await stranger.client.ask(message), /^250/);
  assert.equal(stranger.ledger.asked.length, 0);
  const free = await limited(t, { limits: [rule('user', { messages: ['1/h'] })] });
  await envelope(free.client);
  assert.match(await free.client.ask(message), /^250/);
  assert.equal(free.ledger.asked.length, 0);
});

test('a user whom a front end has told of is counted, also without the right to relay', async (t) => {
  const limits = [rule('user', { messages: ['1/h'] })];
  const { client, ledger } = await limited(t, { limits, networks: ['10.0.0.0'], xclient: ['127.0.0.1'] });
  assert.match(await client.ask('XCLIENT ADDR=203.0.113.9 LOGIN=joe@example.com\r\n'), /^220/);
  await client.ask('EHLO front.example\r\n');
  await envelope(client);
  assert.match(await client.ask(message), /^250/);
  assert.deepEqual(
    ledger.asked.map(({ user, client: address }) => [user, address]),
    [['joe@example.com', '203.0.113.9']],
  );
});

test('beyond a limit, DATA is refused with the time when mail is taken again, and the log has a line', async (t) => {
  const { client, ledger, fixture } = await limited(t);
  const [{ messages: [rate] = [] } = {}] = rules;
  assert.ok(rate !== undefined);
  const limit = { by: 'client', key: '127.0.0.1', quantity: 'messages', rate } as const;
  const again = { at: Date.UTC(2026, 10, 29, 14, 5, 0, 1), inMs: 700_000 };
  ledger.answer = { kind: 'exceeded', limit, again };
  await client.ask('MAIL FROM:<a@example.net>\r\n');
  await client.ask('RCPT TO:<b@example.com>\r\n');
  assert.equal(
    await client.ask('DATA\r\n'),
    '450 4.7.1 Your address may send 10 messages an hour: try again at 2026-11-29T14:05:01Z, in 12 minutes',
  );
  const lines = fixture.log.map((line) => JSON.parse(line) as Record<string, unknown>);
  const { time: _, ...line } = lines.find(({ event }) => event === 'sendingLimited') ?? {};
  assert.deepEqual(line, {
    level: 'info',
    event: 'sendingLimited',
    client: '127.0.0.1',
    from: 'a@example.net',
    by: 'client',
    key: '127.0.0.1',
    limit: '10 messages an hour',
    again: '2026-11-29T14:05:01Z',
  });
  assert.equal(lines.find(({ event }) => event === 'rejected')?.['stage'], 'sending-limits');
  ledger.answer = undefined;
  await client.ask('RSET\r\n');
  await envelope(client);
  assert.match(await client.ask(message), /^250/);
});

test('nobody can count: the message is refused for now', async (t) => {
  const { client, ledger } = await limited(t);
  ledger.answer = { kind: 'failing', reason: 'the manager process is being restarted' };
  await client.ask('MAIL FROM:<a@example.net>\r\n');
  await client.ask('RCPT TO:<b@example.com>\r\n');
  assert.match(await client.ask('DATA\r\n'), /^451 4\.3\.0/);
});

test('a recipient with which a message could never be within the limit is refused, and the others are not', async (t) => {
  const { client, ledger } = await limited(t);
  await client.ask('MAIL FROM:<a@example.net>\r\n');
  for (let at = 0; at < 3; at++) assert.match(await client.ask(`RCPT TO:<u${at}@example.com>\r\n`), /^250/);
  assert.match(await client.ask('RCPT TO:<u3@example.com>\r\n'), /^452 4\.5\.3 .* 3 recipients/);
  assert.match(await client.ask('DATA\r\n'), /^354/);
  assert.match(await client.ask(message), /^250/);
  assert.deepEqual(
    ledger.asked.map(({ recipients }) => recipients),
    [3],
  );
});

test('what is refused before DATA, or by a stage at DATA, is not counted', async (t) => {
  const picky: Stage = {
    name: 'picky',
    mail: ({ transaction }) => (transaction.reversePath === 'no@example.net' ? unknown : goOn),
    data: ({ transaction }) => (transaction.reversePath === 'late@example.net' ? unknown : goOn),
  };
  const { client, ledger } = await limited(t, { stages: [{ stage: picky }] });
  assert.match(await client.ask('MAIL FROM:<no@example.net>\r\n'), /^550/);
  await client.ask('MAIL FROM:<late@example.net>\r\n');
  await client.ask('RCPT TO:<b@example.com>\r\n');
  assert.match(await client.ask('DATA\r\n'), /^550/);
  assert.equal(ledger.asked.length, 0);
});

const refusals: readonly [string, (fixture: Fixture) => void, Stage, string][] = [
  ['a stage refuses its header', () => undefined, { name: 'x', headers: () => unknown }, message],
  ['a stage refuses its content', () => undefined, { name: 'x', content: () => unknown }, message],
  [
    'it cannot be stored',
    ({ spool }) => (spool.failure = new SpoolError('SPOOL_FULL', 'the disk is full')),
    { name: 'x' },
    message,
  ],
  ['it is in a loop', () => undefined, { name: 'x' }, `${'Received: x\r\n'.repeat(6)}${message}`],
];
for (const [why, prepare, stage, content] of refusals) {
  test(`a message that was counted is taken back when ${why}`, async (t) => {
    const { client, ledger, fixture } = await limited(t, { stages: [{ stage }] });
    prepare(fixture);
    await envelope(client);
    assert.match(await client.ask(content), /^[45]/);
    assert.equal(ledger.asked.length, 1);
    assert.deepEqual(
      ledger.released.map(({ handIn }) => handIn),
      ledger.asked,
    );
  });
}

test('a message that a stage has discarded was answered 250, and counts', async (t) => {
  const discarding: Stage = { name: 'x', content: () => ({ kind: 'discard', reason: 'spam' }) };
  const { client, ledger } = await limited(t, { stages: [{ stage: discarding }] });
  await envelope(client);
  assert.match(await client.ask(message), /^250/);
  assert.equal(ledger.counted, 1);
});

test('a client that goes during its content, or while it is counted, has sent nothing', async (t) => {
  const { client, ledger, fixture } = await limited(t);
  await envelope(client);
  client.send('Subject: x\r\n');
  client.socket.destroy();
  await turns();
  assert.deepEqual([ledger.asked.length, ledger.counted], [1, 0]);

  const gate = Promise.withResolvers<void>();
  ledger.gate = gate.promise;
  const other = await greeted(fixture);
  await other.ask('MAIL FROM:<a@example.net>\r\n');
  await other.ask('RCPT TO:<b@example.com>\r\n');
  other.send('DATA\r\n');
  await turns();
  other.socket.destroy();
  await turns();
  gate.resolve();
  await turns();
  assert.deepEqual([ledger.asked.length, ledger.counted], [2, 0]);
});

test('commands that came in one piece are answered in their order, each message counted by itself', async (t) => {
  const { client, ledger } = await limited(t);
  const one =
    'MAIL FROM:<a@example.net>\r\nRCPT TO:<b@example.com>\r\nBDAT 19 LAST\r\nSubject: x\r\n\r\nhello\r\n';
  client.send(one.replace('BDAT 19', 'BDAT 21').repeat(2));
  const replies: string[] = [];
  for (let at = 0; at < 6; at++) replies.push((await client.reply()).slice(0, 3));
  assert.deepEqual(replies, ['250', '250', '250', '250', '250', '250']);
  assert.equal(ledger.counted, 2);
});
