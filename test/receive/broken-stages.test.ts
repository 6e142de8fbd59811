// Stages that are broken in real SMTP sessions: none stops the server, and each is a temporary error and a trouble.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { goOn, type Verdict } from '../../src/policy/stage.ts';
import { greeted } from './fixture.ts';
import { pass, turns, unknown, withStages } from './stage-fixture.ts';

const broken: readonly [string, () => never, RegExp][] = [
  [
    'throws',
    () => {
      throw new Error('out of order');
    },
    /it threw an error: out of order/,
  ],
  ['rejects', () => Promise.reject(new Error('out of order')) as never, /it failed: out of order/],
  ['never answers', () => new Promise(() => undefined) as never, /it did not answer within 10 s/],
  ['answers nothing', () => undefined as never, /it answered something that is no verdict/],
  ['promises nothing', () => Promise.resolve() as never, /it answered something that is no verdict/],
  [
    'answers an unknown verdict',
    () => ({ kind: 'maybe' }) as never,
    /it answered something that is no verdict/,
  ],
  ['rejects with 4xx', () => ({ ...unknown, reply: { code: 450, text: '' } }) as never, /the reply code 450/],
  [
    'rejects with too many lines',
    () => ({ ...unknown, reply: { code: 550, text: Array<string>(129).fill('no') } }) as never,
    /a reply of more than 128 lines/,
  ],
  [
    'rejects with too long a text',
    () => ({ ...unknown, reply: { code: 550, text: 'x'.repeat(65_537) } }) as never,
    /a reply of more than 65536 characters/,
  ],
  [
    'adds too many lines to a reply',
    () =>
      ({
        kind: 'continue',
        edits: Array.from({ length: 129 }, () => ({ kind: 'reply-line', text: 'x' })),
      }) as never,
    /more than 128 lines for the reply/,
  ],
  [
    'adds too long a line to a reply',
    () => ({ kind: 'continue', edits: [{ kind: 'reply-line', text: 'x'.repeat(65_537) }] }) as never,
    /a line for the reply of more than 65536 characters/,
  ],
  [
    'changes the sender to what is no address',
    () => ({ kind: 'continue', edits: [{ kind: 'change-sender', address: 'a b\r\n' }] }) as never,
    /an address that is none/,
  ],
  [
    'throws what throws when it is looked at',
    () => {
      throw new Proxy({}, { getPrototypeOf: () => assert.fail(), get: () => assert.fail() });
    },
    /it threw an error: an error that cannot be read/,
  ],
  [
    'answers what throws when it is looked at',
    () => new Proxy({}, { get: () => assert.fail('trap') }) as never,
    /its answer cannot be read: trap/,
  ],
  [
    'has getters that throw',
    () =>
      ({
        get kind() {
          throw new Error('trap');
        },
      }) as never,
    /its answer cannot be read: trap/,
  ],
];

for (const [what, answer, expected] of broken) {
  test(`a stage that ${what} is a temporary error, a trouble, and stops nothing`, async (t) => {
    const fixture = await withStages(t, { name: 'broken', timeLimitMs: 10_000, rcpt: answer });
    const client = await greeted(fixture);
    assert.match(await client.ask('MAIL FROM:<a@example.net>\r\n'), /^250/);
    client.send('RCPT TO:<b@example.com>\r\n');
    if (what === 'never answers') await pass(fixture, 11_000);
    assert.equal(await client.reply(), '451 4.3.0 A check of this server failed, try again later');
    assert.match(await client.ask('NOOP\r\n'), /^250/);
    const [trouble] = fixture.troubles.list;
    assert.equal(trouble?.key, 'stage:broken');
    assert.equal(trouble?.level, 'critical');
    assert.match(trouble?.text ?? '', expected);
    assert.equal(fixture.log.filter((line) => line.includes('"error"') && expected.test(line)).length, 1);
    await pass(fixture, 62_000);
    assert.deepEqual(fixture.troubles.list, []);
    assert.ok(fixture.log.some((line) => line.includes('has not failed for a minute')));
  });
}

test('a stage names the answer to its own failure', async (t) => {
  for (const [onFailure, expected, level] of [
    ['continue', /^250/, 'warning'],
    ['disconnect', /^421 4\.3\.0 mx\.example\.org A check of this server failed/, 'critical'],
  ] as const) {
    const fixture = await withStages(t, {
      name: 'broken',
      onFailure,
      mail: () => {
        throw new Error('out of order');
      },
    });
    const client = await greeted(fixture);
    assert.match(await client.ask('MAIL FROM:<a@example.net>\r\n'), expected);
    assert.equal(fixture.troubles.list[0]?.level, level);
  }
});

test('an answer after the time limit, or a second one, changes nothing', async (t) => {
  const gate = Promise.withResolvers<Verdict>();
  const fixture = await withStages(
    t,
    { name: 'late', timeLimitMs: 5_000, mail: () => gate.promise },
    {
      name: 'twice',
      rcpt: () =>
        ({
          // oxlint-disable-next-line unicorn/no-thenable -- what is tested is a thenable that is no proper promise
          then: (answered: (verdict: Verdict) => void) => {
            answered(goOn);
            setImmediate(() => answered(unknown));
          },
        }) as never,
    },
  );
  const client = await greeted(fixture);
  client.send('MAIL FROM:<a@example.net>\r\n');
  await pass(fixture, 6_000);
  assert.match(await client.reply(), /^451 4\.3\.0/);
  gate.resolve(goOn);
  await turns();
  assert.match(await client.ask('RCPT TO:<b@example.com>\r\n'), /^503/);
  assert.match(await client.ask('MAIL FROM:<a@example.net>\r\n'), /^250/);
  assert.match(await client.ask('RCPT TO:<b@example.com>\r\n'), /^250/);
  await turns();
  assert.match(await client.ask('NOOP\r\n'), /^250/);
  assert.match(
    fixture.troubles.list.find(({ key }) => key === 'stage:twice')?.text ?? '',
    /it answered twice/,
  );
});

test('an answer after the client has gone changes nothing, and is no failure', async (t) => {
  const gate = Promise.withResolvers<Verdict>();
  const fixture = await withStages(t, { name: 'slow', mail: () => gate.promise });
  const client = await greeted(fixture);
  client.send('MAIL FROM:<a@example.net>\r\nNOOP\r\n');
  await turns();
  const closed = once(client.socket, 'close');
  client.socket.resetAndDestroy();
  await closed;
  await turns();
  fixture.receiver.abandon();
  await turns();
  assert.equal(fixture.receiver.connections, 0);
  gate.resolve(goOn);
  await pass(fixture, 60_000);
  assert.deepEqual(fixture.troubles.list, []);
  const other = await greeted(fixture);
  assert.match(await other.ask('NOOP\r\n'), /^250/);
});

test('each reason for which a stage fails is logged once a minute, at most five of them', async (t) => {
  let why = 'one';
  const fixture = await withStages(t, {
    name: 'broken',
    mail: () => {
      throw new Error(`the reason ${why}`);
    },
  });
  const client = await greeted(fixture);
  const failAs = async (reason: string): Promise<void> => {
    why = reason;
    await client.ask('MAIL FROM:<a@example.net>\r\n');
  };
  const logged = (): readonly string[] =>
    fixture.log
      .filter((line) => !line.includes('"event":"rejected"'))
      .flatMap((line) => (/error: the reason (\w+(?: \(and \d+ more)?)/.exec(line) ?? []).slice(1));
  for (const reason of ['one', 'one', 'two', 'one', 'three', 'four', 'five', 'six', 'seven'])
    await failAs(reason);
  assert.deepEqual(logged(), ['one', 'two (and 1 more', 'three (and 1 more', 'four', 'five']);
  fixture.clock.now += 60_000;
  await failAs('six');
  assert.equal(logged().at(-1), 'six (and 2 more');
});

test('the line of each refusal says why the stage failed', async (t) => {
  const reasons = ['one', `two\r\n${'x'.repeat(1000)}`];
  const fixture = await withStages(t, {
    name: 'broken',
    mail: () => {
      throw new Error(reasons.shift());
    },
  });
  const client = await greeted(fixture);
  const refused = async (command: string): Promise<Record<string, string>> => {
    await client.ask(command);
    return JSON.parse(fixture.log.findLast((line) => line.includes('"rejected"')) ?? '{}') as Record<
      string,
      string
    >;
  };
  assert.equal((await refused('MAIL FROM:<a@example.net>\r\n'))['reason'], 'it threw an error: one');
  const { reason = '', stage } = await refused('MAIL FROM:<a@example.net>\r\n');
  assert.equal(stage, 'broken');
  assert.match(reason, /^it threw an error: two x+$/);
  assert.ok(reason.length <= 500);
});

test('an answer of a stage is no failure, and its line gives no reason', async (t) => {
  const fixture = await withStages(t, {
    name: 'refuses',
    mail: () => ({ kind: 'reject', reply: { code: 550, enhanced: '5.7.1', text: 'No' } }),
  });
  const client = await greeted(fixture);
  await client.ask('MAIL FROM:<a@example.net>\r\n');
  assert.doesNotMatch(fixture.log.at(-1) ?? '', /"reason"/);
  assert.match(fixture.log.at(-1) ?? '', /"stage":"refuses"/);
});
