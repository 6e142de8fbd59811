// What makes many sessions cheap for milters: connections that serve several sessions, and milters that are asked at the same time.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { IdleConnections } from '../../../src/policy/idle-connections.ts';
import type { MilterConnection } from '../../../src/policy/milter/milter-connection.ts';
import { type Client, type Fixture, start } from '../../receive/fixture.ts';
import { greeted, MilterClock, milterStage, sendMessage } from './milter-fixture.ts';
import { goOnPacket, packet, ScriptedMilter } from './scripted-milter.ts';

/** Keeps connections, and tells of each one. */
class ToldConnections extends IdleConnections<MilterConnection> {
  #kept: () => void = () => undefined;

  next(): Promise<void> {
    return new Promise((resolve) => (this.#kept = resolve));
  }

  override keep(connection: MilterConnection): void {
    super.keep(connection);
    this.#kept();
  }
}

test('a connection is kept for the next session where the milter allows it', async (t) => {
  const milter = await ScriptedMilter.start(t);
  const idle = new ToldConnections({ most: 100, longestMs: 30_000 });
  const clock = new MilterClock();
  const stage = milterStage(milter.address, { idle }, clock);
  const fixture = await start(t, { stages: [{ stage }] });
  for (let i = 0; i < 3; i++) {
    const client = await greeted(fixture);
    assert.match((await sendMessage(client)).at(-1) ?? '', /^250 /);
    const kept = idle.next();
    await client.ask('QUIT\r\n');
    await kept;
  }
  assert.equal(milter.talks.length, 1);
  assert.equal(milter.lines.filter((line) => line.startsWith('O')).length, 1);
  // The end of a session comes with the beginning of the next one; or by itself when there is none.
  const isEnd = (line: string): boolean => line === 'K';
  assert.equal(milter.lines.filter(isEnd).length, 2);
  clock.pass(2_000);
  await milter.until(() => milter.lines.filter(isEnd).length === 3);
  const ended = once(milter.talks[0]!.socket, 'end');
  clock.pass(29_000);
  await ended;
  assert.deepEqual(milter.lines.slice(-2), ['K', 'Q']);
});

test('a kept connection that the milter has closed is replaced', async (t) => {
  const milter = await ScriptedMilter.start(t);
  const idle = new ToldConnections({ most: 100, longestMs: 30_000 });
  const fixture = await start(t, { stages: [{ stage: milterStage(milter.address, { idle }) }] });
  const first = await greeted(fixture);
  const kept = idle.next();
  await first.ask('QUIT\r\n');
  await kept;
  milter.talks[0]?.socket.destroy();
  const client = await greeted(fixture);
  assert.match((await sendMessage(client)).at(-1) ?? '', /^250 /);
  assert.deepEqual(fixture.troubles.list, []);
});

test('what a milter says while nothing is asked ends its connection', async (t) => {
  const milter = await ScriptedMilter.start(t);
  const idle = new ToldConnections({ most: 100, longestMs: 30_000 });
  const fixture = await start(t, { stages: [{ stage: milterStage(milter.address, { idle }) }] });
  const first = await greeted(fixture);
  const kept = idle.next();
  await first.ask('QUIT\r\n');
  await kept;
  const [talk] = milter.talks;
  const ended = once(talk!.socket, 'close');
  talk!.socket.write(packet('r'));
  await ended;
  const client = await greeted(fixture);
  assert.match((await sendMessage(client)).at(-1) ?? '', /^250 /);
  assert.equal(milter.talks.length, 2);
  // Amid a session, too: its answers could not be told apart any more.
  const closed = once(milter.talks[1]!.socket, 'close');
  milter.talks[1]!.socket.write(packet('r'));
  await closed;
  assert.match((await sendMessage(client)).at(-1) ?? '', /^250 /);
  assert.equal(milter.talks.length, 3);
});

test('a milter that refuses the sender when it hears of it late refuses all recipients and the message', async (t) => {
  // It has no say up to RCPT, and so it is connected then; meanwhile it has become another one.
  const milter = await ScriptedMilter.start(t, {
    steps: 0x7000,
    answer: ({ letter }) => ('CHM'.includes(letter) ? [] : [goOnPacket]),
  });
  const fixture = await start(t, { stages: [{ stage: milterStage(milter.address) }] });
  assert.match((await sendMessage(await greeted(fixture))).at(-1) ?? '', /^250 /);
  milter.script = { answer: ({ letter }) => [letter === 'M' ? packet('r') : goOnPacket] };
  const client = await greeted(fixture);
  assert.match(await client.ask('MAIL FROM:<a@example.com>\r\n'), /^250 /);
  for (const to of ['b@example.com', 'c@example.com'])
    assert.match(await client.ask(`RCPT TO:<${to}>\r\n`), /^550 /);
  assert.match(await client.ask('DATA\r\n'), /^554 /);
  milter.script = {};
  await client.ask('RSET\r\n');
  assert.match((await sendMessage(client)).at(-1) ?? '', /^250 /);
});

interface Two {
  readonly first: ScriptedMilter;
  readonly second: ScriptedMilter;
  readonly fixture: Fixture;
  readonly client: Client;
}

/** Two milters that know of each other, and have let many senders through. */
async function calmMilters(t: TestContext): Promise<Two> {
  const [first, second] = [await ScriptedMilter.start(t), await ScriptedMilter.start(t)];
  const next = milterStage(second.address, { name: 'second' });
  const stages = [{ stage: milterStage(first.address, { name: 'first', next }) }, { stage: next }];
  const fixture = await start(t, { stages });
  const client = await greeted(fixture);
  for (let i = 0; i < 100; i++) {
    await client.ask('MAIL FROM:<a@example.com>\r\n');
    await client.ask('RSET\r\n');
  }
  return { first, second, fixture, client };
}

function senders(milter: ScriptedMilter): string[] {
  return milter.talks.flatMap(({ lines }) => lines.filter((line) => line.startsWith('M ')));
}

test('milters that let everything through are asked at the same time', async (t) => {
  const { first, second, fixture, client } = await calmMilters(t);
  let answer = (): void => undefined;
  const held = new Promise<void>((resolve) => (answer = resolve));
  first.script = {
    answer: async ({ letter }) => {
      if (letter === 'M') await held;
      return [goOnPacket];
    },
  };
  const replied = client.ask('MAIL FROM:<early@example.com>\r\n');
  await second.until(() => senders(second).at(-1) === 'M <early@example.com>');
  answer();
  assert.match(await replied, /^250 /);
  // Recipients are told one milter after the other: an earlier one may refuse them.
  first.script = { answer: ({ letter }) => [letter === 'R' ? packet('r') : goOnPacket] };
  assert.match(await client.ask('RCPT TO:<no@example.com>\r\n'), /^550 /);
  first.script = {};
  assert.match(await client.ask('RCPT TO:<b@example.com>\r\n'), /^250 /);
  assert.match(await client.ask('DATA\r\n'), /^354 /);
  assert.match(await client.ask('Subject: x\r\n\r\nHello\r\n.\r\n'), /^250 /);
  assert.deepEqual(
    second.lines.filter((line) => line.startsWith('R ')),
    ['R <b@example.com>'],
  );
  assert.deepEqual(fixture.troubles.list, []);
});

test('what a milter was told of, and an earlier one has refused, is over for it', async (t) => {
  const { first, second, fixture, client } = await calmMilters(t);
  first.script = { answer: ({ letter }) => [letter === 'M' ? packet('r') : goOnPacket] };
  assert.match(await client.ask('MAIL FROM:<refused@example.com>\r\n'), /^550 /);
  first.script = {};
  const replies = await sendMessage(client, { from: 'good@example.com' });
  assert.match(replies.at(-1) ?? '', /^250 /);
  assert.deepEqual(senders(second).slice(-2), ['M <refused@example.com>', 'M <good@example.com>']);
  const talk = second.talks.at(-1)!;
  const since = talk.lines.slice(talk.lines.indexOf('M <good@example.com>') + 1);
  assert.deepEqual(
    since.filter((line) => !line.startsWith('D ')),
    ['R <b@example.com>', 'T', 'L Subject x', 'N', 'B Hello\r\n', 'E'],
  );
  // After a refusal, the second one is asked in its turn again.
  first.script = { answer: ({ letter }) => [letter === 'M' ? packet('r') : goOnPacket] };
  assert.match(await client.ask('MAIL FROM:<unseen@example.com>\r\n'), /^550 /);
  assert.equal(senders(second).at(-1), 'M <good@example.com>');
  assert.deepEqual(fixture.troubles.list, []);
});

for (const isAnswered of [true, false]) {
  test(`an early answer ${isAnswered ? 'that came' : 'that did not come'} counts for no other transaction`, async (t) => {
    const { first, second, fixture, client } = await calmMilters(t);
    first.script = { answer: ({ letter }) => [letter === 'M' ? packet('r') : goOnPacket] };
    let asked = (): void => undefined;
    const early = new Promise<void>((resolve) => (asked = resolve));
    second.script = {
      answer: ({ letter, texts }) => {
        if (letter !== 'M') return [goOnPacket];
        if (texts[0] === '<evil@example.com>') return [packet('r')];
        asked();
        return isAnswered ? [goOnPacket] : undefined;
      },
    };
    assert.match(await client.ask('MAIL FROM:<refused@example.com>\r\n'), /^550 /);
    await early;
    first.script = {};
    assert.match(await client.ask('MAIL FROM:<evil@example.com>\r\n'), /^550 /);
    second.script = {};
    const replies = await sendMessage(client, { from: 'good@example.com' });
    assert.match(replies.at(-1) ?? '', /^250 /);
    assert.deepEqual(senders(second).slice(-3), [
      'M <refused@example.com>',
      'M <evil@example.com>',
      'M <good@example.com>',
    ]);
    assert.deepEqual(fixture.troubles.list, []);
  });
}

test('an early answer counts for no other transaction when the earlier milter has failed', async (t) => {
  const { first, second, client } = await calmMilters(t);
  first.script = {
    answer: ({ letter }, { socket }) => (letter === 'M' ? void socket.destroy() : [goOnPacket]),
  };
  second.script = {
    answer: ({ letter, texts }) => [
      letter === 'M' && texts[0] === '<evil@example.com>' ? packet('r') : goOnPacket,
    ],
  };
  assert.match(await client.ask('MAIL FROM:<lost@example.com>\r\n'), /^451 /);
  first.script = {};
  assert.match(await client.ask('MAIL FROM:<evil@example.com>\r\n'), /^550 /);
  assert.match((await sendMessage(client, { from: 'good@example.com' })).at(-1) ?? '', /^250 /);
});

test('a milter that fails while an earlier one is asked fails in its turn', async (t) => {
  const { second, fixture, client } = await calmMilters(t);
  second.script = {
    answer: ({ letter }, { socket }) => (letter === 'M' ? void socket.destroy() : [goOnPacket]),
  };
  assert.match(await client.ask('MAIL FROM:<a@example.com>\r\n'), /^451 /);
  assert.deepEqual(
    fixture.troubles.list.map(({ key }) => key),
    ['stage:second'],
  );
});
