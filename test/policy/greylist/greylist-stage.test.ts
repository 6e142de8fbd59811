// Greylisting as a stage: when it asks, about whom, and what clients hear.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AddressSet } from '../../../src/policy/defences/address-set.ts';
import { Exemptions } from '../../../src/policy/defences/exemptions.ts';
import { GreylistStage, type GreylistStageParts } from '../../../src/policy/greylist/greylist-stage.ts';
import type { GreylistAnswer, GreylistQuestion } from '../../../src/policy/greylist/types.ts';
import type { Answer, Facts, Point, StageResult } from '../../../src/policy/stage.ts';
import type { ConfirmedNames } from '../../../src/dns/confirmed-names.ts';
import { parseDomainPattern, parseSenderPattern } from '../../../src/values/domain.ts';
import { parseNetwork } from '../../../src/values/network.ts';
import { parseResultCondition } from '../../../src/values/result-condition.ts';

const terms = { delayMs: 300_000, windowMs: 1, lifetimeMs: 1, allowAfter: 5 };

interface Mail {
  readonly client?: string;
  readonly from?: string;
  readonly to?: readonly string[];
  readonly results?: Readonly<Record<string, StageResult>>;
  readonly isTrial?: boolean;
}

interface Options extends Partial<Pick<GreylistStageParts, 'at' | 'sizes'>> {
  readonly answer?: GreylistAnswer;
  readonly clients?: readonly string[];
  readonly names?: readonly string[];
  readonly found?: ConfirmedNames;
  readonly senders?: readonly string[];
  readonly recipients?: readonly string[];
  readonly results?: readonly string[];
}

function ground(options: Options = {}) {
  const asked: GreylistQuestion[] = [];
  const looked: string[] = [];
  const stage = new GreylistStage({
    name: 'grey',
    timeLimitMs: 1,
    onFailure: 'continue',
    audience: undefined,
    breaker: undefined,
    at: 'rcpt',
    sizes: { ipv4: 24, ipv6: 64 },
    terms,
    exemptions: new Exemptions(
      {
        exceptClients: (options.clients ?? []).map(parseNetwork),
        exceptNames: (options.names ?? []).map(parseDomainPattern),
        exceptSenders: (options.senders ?? []).map(parseSenderPattern),
        exceptResults: (options.results ?? []).map(parseResultCondition),
      },
      {
        of: (address) => {
          looked.push(address);
          return Promise.resolve(options.found ?? { kind: 'none' });
        },
      },
    ),
    exceptRecipients: new AddressSet((options.recipients ?? []).map(parseSenderPattern)),
    memory: {
      greylist: (question) => {
        asked.push(question);
        return Promise.resolve(options.answer ?? { kind: 'waits', ms: 299_001, attempts: 1 });
      },
    },
    ...(options.at && { at: options.at }),
    ...(options.sizes && { sizes: options.sizes }),
  });
  const facts = ({
    client = '192.0.2.7',
    from = 'a@b.example',
    to = [],
    results = {},
    isTrial,
  }: Mail): Facts =>
    ({
      client: { address: client, mayRelay: false },
      transaction: { reversePath: from, recipients: to.map((address) => ({ address })) },
      recipient: { address: to.at(-1) ?? 'joe@c.example' },
      resultOf: (name: string) => results[name],
      isTrial: isTrial ?? false,
    }) as unknown as Facts;
  const say = async (point: 'rcpt' | 'data' | 'content', of: Facts): Promise<string> => {
    const verdict = await (stage[point] as (facts: Facts) => Answer).call(stage, of);
    if (verdict.kind === 'tempfail')
      return `${verdict.reply.code} ${verdict.reply.enhanced} ${verdict.reply.text}`;
    return verdict.kind === 'continue' ? (verdict.result?.['greylist'] ?? 'continue') : verdict.kind;
  };
  return { stage, asked, looked, facts, say };
}

const waits = '451 4.7.1 Greylisted: try again in 300 seconds';

test('a recipient is asked about by the network, the sender and the domain of the recipient', async () => {
  const { asked, facts, say } = ground();
  assert.equal(await say('rcpt', facts({ from: 'A+x@B.example', to: ['Joe@C.Example'] })), waits);
  assert.deepEqual(asked, [
    { stage: 'grey', network: '192.0.2.0/24', sender: 'a@b.example', domains: ['c.example'], terms },
  ]);
});

test('the network has the size that was configured', async () => {
  for (const [client, network] of [
    ['192.0.2.7', '192.0.0.0/16'],
    ['::ffff:192.0.2.7', '192.0.0.0/16'],
    ['2001:db8:1:2:3::4', '2001:db8:1::/48'],
    ['fe80::1%eth0', 'fe80::/48'],
  ] as const) {
    const { asked, facts, say } = ground({ sizes: { ipv4: 16, ipv6: 48 } });
    await say('rcpt', facts({ client }));
    assert.equal(asked[0]?.network, network);
  }
});

test('a bounce is asked about at DATA, for all domains at once', async () => {
  const { asked, facts, say } = ground();
  const bounce = facts({ from: '', to: ['a@c.example', 'b@d.example', 'c@c.example'] });
  assert.equal(await say('rcpt', bounce), 'continue');
  assert.equal(await say('data', bounce), waits);
  assert.deepEqual(
    asked.map(({ sender, domains }) => [sender, domains]),
    [['', ['c.example', 'd.example']]],
  );
  assert.equal(await say('data', facts({ to: ['a@c.example'] })), 'continue');
});

test('a transaction asks once for a domain, and the next one again', async () => {
  const { asked, facts, say } = ground({ answer: { kind: 'passes', why: 'known' } });
  const mail = facts({ to: ['a@c.example'] });
  for (let recipient = 0; recipient < 3; recipient++) assert.equal(await say('rcpt', mail), 'known');
  assert.equal(asked.length, 1);
  await say('rcpt', facts({ to: ['a@c.example'] }));
  assert.equal(asked.length, 2);
});

for (const [what, options, mail] of [
  ['a listed network', { clients: ['192.0.2.0/28'] }, {}],
  ['a program of this host', {}, { client: '' }],
  ['a listed sender', { senders: ['b.example'] }, {}],
  [
    'a result of an earlier stage',
    { results: ['dnswl.allowed=yes'] },
    { results: { dnswl: { allowed: 'yes' } } },
  ],
  ['a listed name', { names: ['*.b.example'], found: { kind: 'names', names: ['Mx.B.example'] } }, {}],
] as const) {
  test(`${what} is left alone`, async () => {
    const { asked, facts, say } = ground(options as Options);
    assert.equal(await say('rcpt', facts(mail as Mail)), 'exempt');
    assert.equal(asked.length, 0);
  });
}

test('a name is looked up only when nothing else has decided, and one that cannot be looked up is none', async () => {
  const found = { kind: 'failed', reason: 'no answer' } as const;
  const { asked, looked, facts, say } = ground({
    names: ['*.b.example'],
    clients: ['198.51.100.0/24'],
    found,
  });
  assert.equal(await say('rcpt', facts({ client: '198.51.100.1' })), 'exempt');
  assert.deepEqual(looked, []);
  assert.equal(await say('rcpt', facts({})), waits);
  assert.deepEqual([looked, asked.length], [['192.0.2.7'], 1]);
});

test('other results, networks and senders are asked about', async () => {
  const { facts, say } = ground({
    results: ['dnswl.allowed=yes'],
    clients: ['198.51.100.0/24'],
    senders: ['other.example', '<>'],
  });
  assert.equal(await say('rcpt', facts({ results: { dnswl: { allowed: 'no' } } })), waits);
});

test('listed recipients are not asked about, and others of the same message are', async () => {
  const { asked, facts, say } = ground({ at: 'data', recipients: ['postmaster@c.example', 'd.example'] });
  assert.equal(await say('data', facts({ to: ['Postmaster@c.example', 'x@d.example'] })), 'continue');
  await say('data', facts({ to: ['x@d.example', 'joe@c.example'] }));
  assert.deepEqual(
    asked.map(({ domains }) => domains),
    [['c.example']],
  );
  const early = ground({ recipients: ['d.example'] });
  assert.equal(await early.say('rcpt', early.facts({ to: ['x@d.example'] })), 'continue');
});

test('it is asked at its points alone', () => {
  const points: readonly Point[] = ['connect', 'rcpt', 'data', 'headers', 'content'];
  for (const [at, expected] of [
    ['rcpt', ['rcpt', 'data']],
    ['data', ['data']],
    ['content', ['content']],
  ] as const) {
    const { stage } = ground({ at });
    assert.deepEqual(
      points.filter((point) => stage.asksAt(point)),
      expected,
    );
  }
});

test('a trial says so', async () => {
  const { asked, facts, say } = ground();
  await say('rcpt', facts({ isTrial: true }));
  assert.equal(asked[0]?.isTrial, true);
});

test('what has waited is told to later stages, and nobody who can tell is a failure', async () => {
  const waited = ground({ answer: { kind: 'passes', why: 'waited', waitedMs: 312_900 } });
  const verdict = await waited.stage.rcpt(waited.facts({}));
  assert.deepEqual(verdict, { kind: 'continue', result: { greylist: 'waited', waited: '312' } });
  const failing = ground({ answer: { kind: 'failing', reason: 'its database: disk I/O error' } });
  await assert.rejects(failing.say('rcpt', failing.facts({})), /disk I\/O error/u);
  // The next recipient asks again.
  await assert.rejects(failing.say('rcpt', failing.facts({})));
  assert.equal(failing.asked.length, 2);
});

test('the last second is told as one', async () => {
  const { facts, say } = ground({ answer: { kind: 'waits', ms: 3, attempts: 9 } });
  assert.equal(await say('rcpt', facts({})), '451 4.7.1 Greylisted: try again in 1 second');
});
