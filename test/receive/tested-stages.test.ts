// Stages that are only tested, and the counts of what stages answer.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { MessageInDoubt } from '../../src/policy/message-in-doubt.ts';
import { goOn, type Point, type Stage, type Verdict } from '../../src/policy/stage.ts';
import { envelope, type Fixture, greeted, start } from './fixture.ts';
import { bye, later, turns, unknown } from './stage-fixture.ts';
import { behaviours, stagesOf } from './some-stages.ts';

type Line = Readonly<Record<string, unknown>>;

function tested({ log }: Fixture): readonly Line[] {
  return log
    .map((line) => JSON.parse(line) as Line)
    .filter(({ event }) => event === 'tested')
    .map(({ level: _level, time: _time, event: _event, ...fields }) => fields);
}

function counts({ counters }: Fixture): Readonly<Record<string, number | undefined>> {
  return counters.counts;
}

const message = 'Subject: x\r\n\r\nhello\r\n.\r\n';

async function sent(fixture: Fixture): Promise<string> {
  const client = await greeted(fixture);
  await envelope(client);
  return client.ask(message);
}

const refusals: readonly Verdict[] = [unknown, later, bye, { kind: 'drop' }];
const ofMessages: readonly Verdict[] = [
  ...refusals,
  { kind: 'discard', reason: 'unwanted' },
  { kind: 'quarantine', reason: 'odd' },
];
const cases: readonly (readonly [Point, readonly Verdict[]])[] = [
  ['connect', refusals],
  ['helo', refusals],
  ['mail', ofMessages],
  ['rcpt', ofMessages],
  ['data', ofMessages],
  ['headers', ofMessages],
  ['content', ofMessages],
];

for (const [point, verdicts] of cases) {
  test(`what a test answers at ${point} is told, and not done`, async (t) => {
    for (const verdict of verdicts) {
      for (const answer of [verdict, Promise.resolve(verdict)]) {
        const stage: Stage = { name: 'lists', [point]: () => answer };
        const fixture = await start(t, { stages: [{ stage, isCounted: true, isTest: true }] });
        assert.match(await sent(fixture), /^250/);
        assert.equal(fixture.spool.kept.length, 1);
        assert.equal(fixture.submitted[0]?.quarantine, undefined);
        assert.deepEqual(counts(fixture), { [`stage lists test ${verdict.kind}`]: 1 });
        const [line, ...more] = tested(fixture);
        assert.deepEqual(more, []);
        assert.equal(line?.['wouldBe'], verdict.kind);
        assert.equal(line?.['point'], point);
        assert.equal(line?.['client'], '127.0.0.1');
      }
    }
  });
}

test('the line of a test has the reply, the message and the recipient', async (t) => {
  const stage: Stage = { name: 'lists', rcpt: () => unknown };
  const fixture = await start(t, { stages: [{ stage, isCounted: true, isTest: true }] });
  await sent(fixture);
  assert.deepEqual(tested(fixture), [
    {
      stage: 'lists',
      point: 'rcpt',
      wouldBe: 'reject',
      reply: '550 5.1.1 No such user here',
      client: '127.0.0.1',
      helo: 'client.example',
      id: 'ID1',
      from: 'a@example.net',
      to: 'b@example.com',
    },
  ]);
});

test('a message that would have been refused is asked about no further, and the next one is', async (t) => {
  let asked = 0;
  const count = (): Verdict => {
    asked++;
    return goOn;
  };
  const stage: Stage = { name: 'lists', mail: () => later, rcpt: count, data: count, content: count };
  const fixture = await start(t, { stages: [{ stage, isCounted: true, isTest: true }] });
  const client = await greeted(fixture);
  for (let i = 0; i < 2; i++) {
    await envelope(client);
    assert.match(await client.ask(message), /^250/);
  }
  assert.equal(asked, 0);
  assert.deepEqual(counts(fixture), { 'stage lists test tempfail': 2 });
});

test('mail that a test calls spam is not marked, and its result is there', async (t) => {
  const stage: Stage = { name: 'first', content: () => ({ kind: 'continue', result: { verdict: 'spam' } }) };
  const seen: unknown[] = [];
  const second: Stage = {
    name: 'second',
    content: (facts) => {
      seen.push(facts.resultOf('first'));
      return goOn;
    },
  };
  for (const isTest of [true, false]) {
    const fixture = await start(t, { stages: [{ stage, isCounted: true, isTest }, { stage: second }] });
    const client = await greeted(fixture);
    await envelope(client);
    assert.match(await client.ask(message), /^250/);
    const received = fixture.log.findLast((line) => line.includes('"event":"received"')) ?? '';
    assert.equal(received.includes('"marked":["first: spam"]'), !isTest);
  }
  assert.deepEqual(seen, [{ verdict: 'spam' }, { verdict: 'spam' }]);
});

test('a test that would accept keeps no stage behind it from being asked', async (t) => {
  const first: Stage = { name: 'first', rcpt: () => ({ kind: 'accept' }) };
  const second: Stage = { name: 'second', rcpt: () => unknown };
  const fixture = await start(t, {
    stages: [
      { stage: first, isCounted: true, isTest: true },
      { stage: second, isCounted: true },
    ],
  });
  const client = await greeted(fixture);
  await client.ask('MAIL FROM:<a@example.net>\r\n');
  assert.match(await client.ask('RCPT TO:<b@example.com>\r\n'), /^550 5\.1\.1/);
  assert.deepEqual(counts(fixture), { 'stage first test accept': 1, 'stage second reject': 1 });
});

test('the edits of a test are told and not made, and its result is there', async (t) => {
  let seen: unknown;
  const first: Stage = {
    name: 'first',
    content: (facts) => {
      const body = facts.newBody();
      void body.write(Buffer.from('other\r\n'));
      return {
        kind: 'continue',
        edits: [
          { kind: 'add-field', name: 'X-Score', value: '9' },
          { kind: 'replace-body', body },
        ],
        result: { score: '9' },
      };
    },
  };
  const second: Stage = {
    name: 'second',
    content: (facts) => {
      seen = facts.resultOf('first');
      // A body that the test has begun is given up: another one can be begun.
      facts.newBody().discard();
      return goOn;
    },
  };
  const fixture = await start(t, {
    stages: [{ stage: first, isCounted: true, isTest: true }, { stage: second }],
  });
  assert.match(await sent(fixture), /^250/);
  assert.deepEqual(seen, { score: '9' });
  const stored = fixture.spool.kept.map(({ content }) => content).join('');
  assert.ok(stored.includes('hello') && !stored.includes('X-Score') && !stored.includes('other'));
  assert.deepEqual(tested(fixture)[0]?.['edits'], ['add-field X-Score', 'replace-body']);
  assert.equal(fixture.memory.usedBytes, 0);
});

test('a test that fails changes nothing, and is a warning', async (t) => {
  for (const error of [new Error('broken'), new MessageInDoubt('half')]) {
    const stage: Stage = {
      name: 'lists',
      onFailure: 'disconnect',
      rcpt: () => {
        throw error;
      },
      content: () => Promise.reject(error),
    };
    const fixture = await start(t, { stages: [{ stage, isCounted: true, isTest: true }] });
    assert.match(await sent(fixture), /^250/);
    const [trouble] = fixture.troubles.list;
    assert.equal(trouble?.key, 'stage:lists');
    assert.equal(trouble.level, 'warning');
    assert.deepEqual(counts(fixture), { 'stage lists failed': 2 });
  }
});

test('each answer is counted by its verdict, and a failure as one', async (t) => {
  const answers: (() => Verdict)[] = [
    () => goOn,
    () => later,
    () => unknown,
    () => {
      throw new Error('broken');
    },
    () => ({ kind: 'continue', result: { seen: 'yes' } }),
  ];
  const stage: Stage = { name: 'lists', rcpt: () => (answers.shift() ?? (() => goOn))() };
  const fixture = await start(t, { stages: [{ stage, isCounted: true }] });
  const client = await greeted(fixture);
  await client.ask('MAIL FROM:<a@example.net>\r\n');
  for (let i = 0; i < 6; i++) await client.ask('RCPT TO:<b@example.com>\r\n');
  assert.deepEqual(counts(fixture), {
    'stage lists continue': 3,
    'stage lists failed': 1,
    'stage lists reject': 1,
    'stage lists tempfail': 1,
  });
});

test('what a test has nothing against is counted apart, too', async (t) => {
  const stage: Stage = { name: 'lists', mail: () => goOn, rcpt: () => Promise.resolve(goOn) };
  const fixture = await start(t, { stages: [{ stage, isCounted: true, isTest: true }] });
  await sent(fixture);
  assert.deepEqual(counts(fixture), { 'stage lists test continue': 2 });
});

test('what is no [[stage]] is not counted', async (t) => {
  const fixture = await start(t, { stages: [{ stage: { name: 'own', rcpt: () => goOn } }] });
  await sent(fixture);
  assert.deepEqual(counts(fixture), {});
});

test('whatever tests answer, mail comes in as without them', async (t) => {
  await fc.assert(
    fc.asyncProperty(behaviours, async (given) => {
      const sound = given.map((each) =>
        each.way === 'never' || each.way === 'late' ? { ...each, way: 'throws' as const } : each,
      );
      const fixture = await start(t, {
        stages: stagesOf(sound, []).map((stage) => ({ stage, isCounted: true, isTest: true })),
      });
      assert.match(await sent(fixture), /^250/);
      const [kept] = fixture.spool.kept;
      assert.deepEqual(
        kept?.envelope.recipients.map(({ address }) => address),
        ['b@example.com'],
      );
      assert.equal(kept.envelope.reversePath, 'a@example.net');
      assert.match(kept.content, /Subject: x\r\n\r\nhello\r\n$/u);
      await turns();
    }),
    { numRuns: 60 },
  );
});
