// Rates as a stage: what is asked at which point, and what clients hear.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Exemptions } from '../../../src/policy/defences/exemptions.ts';
import { RateStage, type RateStageParts } from '../../../src/policy/rates/rate-stage.ts';
import type { RateAnswer, RateKind, RateQuantity, RateQuestion } from '../../../src/policy/rates/types.ts';
import { type Facts, type Point, points } from '../../../src/policy/stage.ts';
import { parseNetwork } from '../../../src/values/network.ts';

interface Options {
  readonly by?: RateKind;
  readonly quantities?: readonly RateQuantity[];
  readonly answer?: RateAnswer;
  readonly changes?: Partial<RateStageParts>;
  readonly clients?: readonly string[];
}

const all: readonly RateQuantity[] = ['connections', 'messages', 'recipients', 'refused_recipients'];

function ground({
  by = 'client',
  quantities = all,
  answer = { kind: 'within' },
  changes,
  clients = [],
}: Options = {}) {
  const asked: RateQuestion[] = [];
  const noted: RateQuestion[] = [];
  const stage = new RateStage({
    name: 'rates',
    timeLimitMs: 1,
    onFailure: 'continue',
    audience: undefined,
    breaker: undefined,
    by,
    sizes: { ipv4: 24, ipv6: 48 },
    quantities: new Set(quantities),
    beyond: 'tempfail',
    exemptions: new Exemptions(
      { exceptClients: clients.map(parseNetwork), exceptNames: [], exceptSenders: [], exceptResults: [] },
      { of: () => Promise.reject(new Error('not asked')) },
    ),
    ledger: {
      rate: (question) => {
        asked.push(question);
        return Promise.resolve(answer);
      },
      noteRate: (question) => void noted.push(question),
    },
    ...changes,
  });
  const facts = (from = 'a@B.example', to = 'joe@c.example', client = '192.0.2.7'): Facts =>
    ({
      client: { address: client, mayRelay: false },
      transaction: { reversePath: from, recipients: [] },
      recipient: { address: to },
      resultOf: () => undefined,
      isTrial: false,
    }) as unknown as Facts;
  return { stage, asked, noted, facts };
}

for (const [by, expected] of [
  ['client', ['192.0.2.7 connections 1', '192.0.2.7 messages 1', '192.0.2.7 recipients 1']],
  ['network', ['192.0.2.0/24 connections 1', '192.0.2.0/24 messages 1', '192.0.2.0/24 recipients 1']],
  ['sender_domain', ['b.example messages 1', 'b.example recipients 1']],
  ['recipient_domain', ['c.example recipients 1 messages 1']],
] as const) {
  test(`by ${by}, it asks about what it counts by`, async () => {
    const { stage, asked, facts } = ground({ by });
    for (const point of ['connect', 'mail', 'rcpt'] as const) {
      if (stage.asksAt(point)) assert.deepEqual(await stage[point](facts()), { kind: 'continue' });
    }
    assert.deepEqual(
      asked.map(({ key, events }) => `${key} ${Object.entries(events).flat().join(' ')}`),
      expected,
    );
  });
}

for (const [by, quantities, expected] of [
  ['client', ['connections'], ['connect']],
  ['client', ['messages'], ['mail']],
  ['network', ['recipients'], ['rcpt']],
  ['client', ['refused_recipients'], ['connect', 'mail', 'rcpt']],
  ['sender_domain', ['messages', 'recipients'], ['mail', 'rcpt']],
  ['recipient_domain', ['messages'], ['rcpt']],
] as const) {
  test(`${quantities.join(' and ')} by ${by} are asked about at ${expected.join(', ')}`, () => {
    const { stage } = ground({ by, quantities });
    assert.deepEqual(
      points.filter((point: Point) => stage.asksAt(point)),
      expected,
    );
  });
}

test('a message to several recipients of a domain counts once for the domain', async () => {
  const { stage, asked, facts } = ground({ by: 'recipient_domain' });
  const mail = facts();
  await stage.rcpt(mail);
  await stage.rcpt(mail);
  assert.deepEqual(
    asked.map(({ events }) => events),
    [{ recipients: 1, messages: 1 }, { recipients: 1 }],
  );
});

test('a client of IPv6 counts by its /64', async () => {
  const { stage, asked, facts } = ground();
  await stage.mail(facts('a@b.example', 'joe@c.example', '2001:db8:1:2:3::4'));
  assert.equal(asked[0]?.key, '2001:db8:1:2::/64');
});

const rate = { count: 100, perMs: 60_000 };
for (const [point, by, quantity, reply] of [
  [
    'connect',
    'client',
    'connections',
    '421 4.7.0 Your address may make 100 connections a minute: try again in 12 seconds',
  ],
  [
    'mail',
    'client',
    'messages',
    '451 4.7.1 Your address may send 100 messages a minute: try again in 12 seconds',
  ],
  [
    'rcpt',
    'network',
    'recipients',
    '451 4.7.1 Your network 192.0.2.0/24 may have 100 recipients a minute: try again in 12 seconds',
  ],
  [
    'mail',
    'sender_domain',
    'messages',
    '451 4.7.1 Senders of b.example may send 100 messages a minute: try again in 12 seconds',
  ],
  [
    'rcpt',
    'recipient_domain',
    'messages',
    '451 4.7.1 Mail for c.example may send 100 messages a minute: try again in 12 seconds',
  ],
  [
    'rcpt',
    'client',
    'refused_recipients',
    '451 4.7.1 Your address may have 100 refused recipients a minute: try again in 12 seconds',
  ],
] as const) {
  test(`beyond a rate of ${quantity} by ${by}, a client hears so at ${point}`, async () => {
    const { stage, facts } = ground({ by, answer: { kind: 'exceeded', quantity, rate, againMs: 11_400 } });
    const verdict = await stage[point](facts());
    assert.ok(verdict.kind === 'tempfail' || verdict.kind === 'disconnect');
    const { code, enhanced, text } = verdict.reply;
    assert.equal(
      `${code} ${enhanced} ${String(text)}`,
      reply.replace('Mail for c.example may send', 'Mail for c.example may have'),
    );
  });
}

test('a client is never told to wait for longer than the period', async () => {
  const hourly = { count: 2, perMs: 3_600_000 };
  for (const [againMs, seconds] of [
    [3_599_500, 3600],
    [3_651_000, 3600],
    [Infinity, 3600],
    [3_598_000, 3598],
  ] as const) {
    const answer: RateAnswer = { kind: 'exceeded', quantity: 'refused_recipients', rate: hourly, againMs };
    const { stage, facts } = ground({ answer });
    const verdict = await stage.mail(facts());
    assert.ok(verdict.kind === 'tempfail');
    assert.match(String(verdict.reply.text), new RegExp(`: try again in ${seconds} seconds$`, 'u'));
  }
});

test('with beyond = "disconnect", the connection ends', async () => {
  const answer: RateAnswer = { kind: 'exceeded', quantity: 'messages', rate, againMs: 1 };
  const { stage, facts } = ground({ answer, changes: { beyond: 'disconnect' } });
  const verdict = await stage.mail(facts());
  assert.ok(verdict.kind === 'disconnect' && verdict.reply.code === 421);
});

test('recipients that others refuse for good are noted, and no others', () => {
  const { stage, noted, facts } = ground();
  stage.recipientRefused(facts(), { code: 550, enhanced: '5.1.1', text: 'no' }, 'recipients');
  stage.recipientRefused(facts(), { code: 451, enhanced: '4.7.1', text: 'later' }, 'grey');
  stage.recipientRefused(facts(), { code: 550, enhanced: '5.7.1', text: 'no' }, 'rates');
  assert.deepEqual(noted, [{ stage: 'rates', key: '192.0.2.7', events: { refused_recipients: 1 } }]);
  const strangers = ground({ changes: { audience: 'strangers' } });
  const relay = { ...strangers.facts(), client: { address: '192.0.2.7', mayRelay: true } } as Facts;
  strangers.stage.recipientRefused(relay, { code: 550, enhanced: '5.1.1', text: 'no' }, 'recipients');
  assert.deepEqual(strangers.noted, []);
});

test('who is left alone is not counted, and a bounce has no domain of a sender', async () => {
  const { stage, asked, noted, facts } = ground({ clients: ['192.0.2.0/24'] });
  for (const point of ['connect', 'mail', 'rcpt'] as const) await stage[point](facts());
  stage.recipientRefused(facts(), { code: 550, enhanced: '5.1.1', text: 'no' }, 'recipients');
  assert.deepEqual([asked, noted], [[], []]);
  const bounces = ground({ by: 'sender_domain' });
  assert.deepEqual(await bounces.stage.mail(bounces.facts('')), { kind: 'continue' });
  assert.deepEqual(bounces.asked, []);
});

test('nobody who can count is a failure', async () => {
  const { stage, facts } = ground({
    answer: { kind: 'failing', reason: 'the manager process is being restarted' },
  });
  await assert.rejects(Promise.resolve(stage.mail(facts())), /being restarted/u);
});
