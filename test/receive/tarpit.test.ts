// Answers that wait: many recipients, refused recipients, and rules for clients.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { EventCounters } from '../../src/log/event-counters.ts';
import { DelayStates } from '../../src/policy/delays/delay-states.ts';
import { TarpitStage, type TarpitParts } from '../../src/policy/delays/tarpit-stage.ts';
import { goOn } from '../../src/policy/stage.ts';
import { StageTally } from '../../src/policy/stage-tally.ts';
import { type Client, type Fixture, greeted, start } from './fixture.ts';
import { pass, unknown } from './stage-fixture.ts';

async function tarpit(
  t: TestContext,
  parts: Partial<TarpitParts>,
  { variables, most = 10 }: { readonly variables?: Record<string, string>; readonly most?: number } = {},
) {
  const clear = { fixture: undefined as Fixture | undefined };
  const states = new DelayStates({
    set: (each, afterMs) => clear.fixture?.deadlines.set(each, afterMs),
    clear: (each) => clear.fixture?.deadlines.clear(each),
  });
  const state = states.of('tarpit', most);
  const counters = new EventCounters();
  const stage = new TarpitStage({
    name: 'tarpit',
    audience: 'strangers',
    onFailure: 'tempfail',
    breaker: undefined,
    freeRecipients: undefined,
    freeRefusals: undefined,
    delayMs: 5_000,
    state,
    tally: new StageTally('tarpit', counters),
    isTest: false,
    ...parts,
  });
  const rules = {
    stage: {
      name: 'client-rules',
      connect: () =>
        variables === undefined
          ? goOn
          : ({
              kind: 'continue',
              edits: [
                {
                  kind: 'set-client-rule',
                  rule: { who: '127.0.0.0/8', relay: undefined, maxMessageBytes: undefined, variables },
                },
              ],
            } as const),
    },
  };
  const fixture = await start(t, {
    networks: ['10.0.0.0'],
    firstStages: [rules, { stage, isCounted: true, isTest: parts.isTest === true }],
    stages: [
      {
        stage: {
          name: 'users',
          rcpt: ({ recipient }) => (recipient.address.startsWith('no') ? unknown : goOn),
        },
      },
    ],
  });
  clear.fixture = fixture;
  return { fixture, counters, state };
}

/** @returns whether the answer had to wait, and the answer */
async function waits(
  fixture: Fixture,
  client: Client,
  command: string,
  ms = 6_000,
): Promise<[boolean, string]> {
  let isAnswered = false;
  const reply = client.ask(command).then((text) => {
    isAnswered = true;
    return text;
  });
  await pass(fixture, 0);
  const hasWaited = !isAnswered;
  if (hasWaited) await pass(fixture, ms);
  return [hasWaited, (await reply).slice(0, 3)];
}

test('from the recipient behind the free ones on, answers wait, good and bad', async (t) => {
  const { fixture, counters } = await tarpit(t, { freeRecipients: 2 });
  const client = await greeted(fixture);
  assert.match(await client.ask('MAIL FROM:<a@example.net>\r\n'), /^250/);
  const answers = [];
  for (const name of ['a', 'no1', 'b', 'no2'])
    answers.push(await waits(fixture, client, `RCPT TO:<${name}@example.com>\r\n`));
  assert.deepEqual(answers, [
    [false, '250'],
    [false, '550'],
    [true, '250'],
    [true, '550'],
  ]);
  assert.deepEqual(await waits(fixture, client, 'DATA\r\n'), [false, '354']);
  assert.match(await client.ask('Subject: x\r\n\r\n.\r\n'), /^250/);
  // The next message begins anew.
  assert.deepEqual(await waits(fixture, client, 'MAIL FROM:<a@example.net>\r\n'), [false, '250']);
  assert.deepEqual(await waits(fixture, client, 'RCPT TO:<a@example.com>\r\n'), [false, '250']);
  assert.deepEqual(counters.counts, { 'stage tarpit delayed': 2 });
});

test('after so many refused recipients of a session, all answers wait', async (t) => {
  const { fixture } = await tarpit(t, { freeRefusals: 1 });
  const client = await greeted(fixture);
  assert.match(await client.ask('MAIL FROM:<a@example.net>\r\n'), /^250/);
  const answers = [];
  for (const command of [
    'RCPT TO:<no1@example.com>',
    'RCPT TO:<no2@example.com>',
    'RCPT TO:<a@example.com>',
    'DATA',
  ])
    answers.push(await waits(fixture, client, `${command}\r\n`));
  assert.deepEqual(answers, [
    [false, '550'],
    [false, '550'],
    [true, '250'],
    [true, '354'],
  ]);
  assert.match(await client.ask('Subject: x\r\n\r\n.\r\n'), /^250/);
  assert.deepEqual(await waits(fixture, client, 'MAIL FROM:<a@example.net>\r\n'), [true, '250']);
  const other = await greeted(fixture);
  assert.deepEqual(await waits(fixture, other, 'MAIL FROM:<a@example.net>\r\n'), [false, '250']);
});

for (const [variables, expected, what] of [
  [{}, [false, '250'], 'is left alone when a rule names it'],
  [{ TARPITCOUNT: '1' }, [true, '250'], 'is slowed by TARPITCOUNT of its rule'],
  [{ TARPITCOUNT: '1', TARPITDELAY: '2' }, [true, '250'], 'waits TARPITDELAY of its rule'],
  [{ TARPITCOUNT: '1', TARPITDELAY: '0' }, [false, '250'], 'does not wait with TARPITDELAY=0'],
  [{ TARPITCOUNT: '0' }, [false, '250'], 'is left alone with TARPITCOUNT=0'],
  [{ TARPITCOUNT: 'many' }, [false, '250'], 'is left alone when TARPITCOUNT is no number'],
] as const) {
  test(`a client ${what}`, async (t) => {
    const { fixture } = await tarpit(t, { freeRecipients: 1 }, { variables });
    const client = await greeted(fixture);
    assert.match(await client.ask('MAIL FROM:<a@example.net>\r\n'), /^250/);
    assert.match(await client.ask('RCPT TO:<a@example.com>\r\n'), /^250/);
    const ms = 'TARPITDELAY' in variables ? 3_000 : 6_000;
    assert.deepEqual(await waits(fixture, client, 'RCPT TO:<b@example.com>\r\n', ms), expected);
  });
}

test('beyond the most sessions that may wait, answers come at once', async (t) => {
  const { fixture, counters } = await tarpit(t, { freeRecipients: 0 }, { most: 1 });
  const clients = [await greeted(fixture), await greeted(fixture)];
  for (const client of clients) assert.match(await client.ask('MAIL FROM:<a@example.net>\r\n'), /^250/);
  clients[0]?.send('RCPT TO:<a@example.com>\r\n');
  await pass(fixture, 0);
  assert.deepEqual(await waits(fixture, clients[1] ?? assert.fail(), 'RCPT TO:<a@example.com>\r\n'), [
    false,
    '250',
  ]);
  assert.deepEqual(counters.counts, { 'stage tarpit delayed': 1, 'stage tarpit undelayed': 1 });
});

test('a client that goes while it waits leaves nothing behind', async (t) => {
  const { fixture, state } = await tarpit(t, { freeRecipients: 0 });
  const client = await greeted(fixture);
  assert.match(await client.ask('MAIL FROM:<a@example.net>\r\n'), /^250/);
  client.send('RCPT TO:<a@example.com>\r\n');
  await pass(fixture, 0);
  assert.equal(state.delays.waiting, 1);
  client.socket.resetAndDestroy();
  await pass(fixture, 0);
  assert.equal(state.delays.waiting, 0);
  assert.equal(fixture.receiver.connections, 0);
});

test('a test keeps nobody waiting, and counts whom it would have', async (t) => {
  const { fixture, counters } = await tarpit(t, { freeRecipients: 0, isTest: true });
  const client = await greeted(fixture);
  assert.match(await client.ask('MAIL FROM:<a@example.net>\r\n'), /^250/);
  assert.deepEqual(await waits(fixture, client, 'RCPT TO:<a@example.com>\r\n'), [false, '250']);
  assert.deepEqual(counters.counts, { 'stage tarpit test delayed': 1 });
});
