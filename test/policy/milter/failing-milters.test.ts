// Milters that are killed, hang, are slow or lie, at each step of a session: mail is never refused for good, and never accepted against `onFailure`.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { test } from 'node:test';
import { action } from '../../../src/protocol/milter/flags.ts';
import { type Fixture, start } from '../../receive/fixture.ts';
import { greeted, MilterClock, milterStage, receiverWith, sendMessage } from './milter-fixture.ts';
import {
  type Answers,
  goOnPacket,
  type MilterTalk,
  number,
  packet,
  ScriptedMilter,
} from './scripted-milter.ts';

/** The letters of questions, and at which reply of `sendMessage` the client hears of it. */
const steps = { M: 0, R: 1, T: 2, L: 3, N: 3, B: 3, E: 3 } as const;

const failed = /^451 4\.3\.0 A check of this server failed/;

/** Lies that are lies at each step. */
const lies: Readonly<Record<string, (talk: MilterTalk) => Answers>> = {
  'closes the connection': (talk) => {
    talk.socket.destroy();
    return [];
  },
  'closes it amid a packet': (talk) => {
    talk.socket.write(Buffer.from([0, 0, 0, 9, 0x79]));
    talk.socket.end();
    return [];
  },
  'sends a packet of no bytes': () => [number(0)],
  'sends a packet of 4 GiB': () => [number(0xffffffff)],
  'sends an unknown letter': () => [packet('Y')],
  'sends a reply code that is none': () => [packet('y', '250 2.0.0 fine\0')],
  'sends a reply with a line end in it': () => [packet('y', '550 5.0.0 a\r\nRSET\0')],
  'sends a reply without its end': () => [packet('y', '550 5.0.0 a')],
  'negotiates once more': () => [packet('O', number(6), number(0), number(0))],
};

/** Lies of milters that change the message before its end. */
const edits: Readonly<Record<string, Answers>> = {
  'adds a field': [packet('h', 'X-A\0b\0'), goOnPacket],
  'adds a recipient': [packet('+', '<z@example.com>\0'), goOnPacket],
  'replaces the body': [packet('b', 'x\r\n'), goOnPacket],
};

/** Lies at the end of the message. */
const atEnd: Readonly<Record<string, Answers>> = {
  'ends the header in a value': [packet('h', 'X-A\0b\r\n\r\nbody\0'), goOnPacket],
  'begins a field in a value': [packet('h', 'X-A\0b\nX-B: c\0'), goOnPacket],
  'has a CR alone in a value': [packet('m', number(1), 'Subject\0b\rX-B: c\0'), goOnPacket],
  'has a colon in a name': [packet('i', number(1), 'X-A: b\nX-B\0c\0'), goOnPacket],
  'has no value': [packet('h', 'X-A\0'), goOnPacket],
  'has a value without its end': [packet('h', 'X-A\0b'), goOnPacket],
  'has an index cut short': [packet('i', Buffer.from([0, 0])), goOnPacket],
  'adds a recipient that is no address': [packet('+', '<a b@@x>\0'), goOnPacket],
  'adds a recipient with an unknown parameter': [packet('2', '<z@example.com>\0SIZE=x y\0'), goOnPacket],
  'changes the sender to a line end': [packet('e', '<a@b.test>\r\nRCPT TO:<x@y.test>\0'), goOnPacket],
  'goes on with a body after another edit': [
    packet('b', 'a\r\n'),
    packet('h', 'X-A\0b\0'),
    packet('b', 'c\r\n'),
    goOnPacket,
  ],
  'skips what is no body': [packet('s')],
};

for (const [step, place] of Object.entries(steps)) {
  const more = step === 'E' ? atEnd : edits;
  for (const [what, answers] of [...Object.entries(lies), ...Object.entries(more)]) {
    test(`at ${step}, a milter that ${what} is a temporary error`, async (t) => {
      const milter = await ScriptedMilter.start(t, {
        answer: ({ letter }, talk) => {
          if (letter !== step) return [goOnPacket];
          return typeof answers === 'function' ? answers(talk) : answers;
        },
      });
      const fixture = await receiverWith(t, [milter]);
      const replies = await sendMessage(await greeted(fixture));
      assert.match(replies[place] ?? '', failed);
      assert.deepEqual(fixture.spool.kept, []);
      assert.deepEqual(
        fixture.troubles.list.map(({ key }) => key),
        ['stage:milter-1'],
      );
    });
  }

  test(`at ${step}, a milter that is lost does not keep mail that is to go on`, async (t) => {
    const milter = await ScriptedMilter.start(t, {
      answer: ({ letter }, { socket }) => {
        if (letter === step) socket.destroy();
        return [goOnPacket];
      },
    });
    const fixture = await receiverWith(t, [milter], {}, { onFailure: 'continue' });
    const client = await greeted(fixture);
    assert.match((await sendMessage(client)).at(-1) ?? '', /^250 /);
    assert.equal(milter.talks.length, 1);
    // For the next message, it is tried again.
    milter.script = {};
    assert.match((await sendMessage(client)).at(-1) ?? '', /^250 /);
    assert.equal(milter.talks.length, 2);
    assert.deepEqual(
      milter.talks[1]?.lines.filter((line) => /^[CHMRTE]/.test(line)),
      ['C localhost 4 127.0.0.1', 'H client.test', 'M <a@example.com>', 'R <b@example.com>', 'T', 'E'],
    );
  });

  test(`at ${step}, a milter that hangs fails in its time, unless it asks for more`, async (t) => {
    const clock = new MilterClock();
    const milter = await ScriptedMilter.start(t, {
      answer: ({ letter }) => (letter === step ? undefined : [goOnPacket]),
    });
    const fixture = await start(t, { stages: [{ stage: milterStage(milter.address, {}, clock) }] });
    const client = await greeted(fixture);
    const sending = sendMessage(client);
    await milter.until(() => milter.lines.some((line) => line.startsWith(step)));
    const limitMs = place === 3 ? 300_000 : 30_000;
    await waitsLong(milter, clock, limitMs);
    assert.match((await sending)[place] ?? '', failed);
    await milter.until(() => milter.talks[0]?.hasEnded === true);
  });
}

/** RFC 2034 3: the answer to EHLO has no enhanced code. */
const hello = /^451 A check of this server failed/;

/** Before a message, the client hears of it at once: at its greeting, and as the answer to EHLO. */
const early = { C: /^421 4\.3\.0 mx\.example\.org A check of this server failed/, H: hello } as const;

/** Connects, and says EHLO. @returns the greeting when that is a refusal, or else the answer to EHLO */
async function begin(fixture: Fixture): Promise<string> {
  const client = await fixture.client();
  const greeting = await client.reply();
  return greeting.startsWith('220') ? client.ask('EHLO client.test\r\n') : greeting;
}

for (const [step, refusal] of Object.entries(early)) {
  for (const [what, answers] of [...Object.entries(lies), ...Object.entries(edits)]) {
    test(`at ${step}, a milter that ${what} is a temporary error`, async (t) => {
      const milter = await ScriptedMilter.start(t, {
        answer: ({ letter }, talk) => {
          if (letter !== step) return [goOnPacket];
          return typeof answers === 'function' ? answers(talk) : answers;
        },
      });
      const fixture = await receiverWith(t, [milter]);
      assert.match(await begin(fixture), refusal);
      assert.deepEqual(
        fixture.troubles.list.map(({ key }) => key),
        ['stage:milter-1'],
      );
    });
  }

  test(`at ${step}, a milter that is lost does not keep mail that is to go on`, async (t) => {
    const milter = await ScriptedMilter.start(t, {
      answer: ({ letter }, { socket }) => {
        if (letter === step) socket.destroy();
        return [goOnPacket];
      },
    });
    const fixture = await receiverWith(t, [milter], {}, { onFailure: 'continue' });
    const client = await greeted(fixture);
    // For the next step, it is tried again, and told of all that it has missed.
    milter.script = {};
    assert.match((await sendMessage(client)).at(-1) ?? '', /^250 /);
    assert.deepEqual(
      milter.talks.at(-1)?.lines.filter((line) => /^[CHMRTE]/.test(line)),
      ['C localhost 4 127.0.0.1', 'H client.test', 'M <a@example.com>', 'R <b@example.com>', 'T', 'E'],
    );
  });

  test(`at ${step}, a milter that hangs fails in its time, unless it asks for more`, async (t) => {
    const clock = new MilterClock();
    const milter = await ScriptedMilter.start(t, {
      answer: ({ letter }) => (letter === step ? undefined : [goOnPacket]),
    });
    const fixture = await start(t, { stages: [{ stage: milterStage(milter.address, {}, clock) }] });
    const beginning = begin(fixture);
    await milter.until(() => milter.lines.some((line) => line.startsWith(step)));
    await waitsLong(milter, clock, 30_000);
    assert.match(await beginning, refusal);
    await milter.until(() => milter.talks[0]?.hasEnded === true);
  });
}

/** Lets the time of an answer pass, after the milter has asked for more time twice. */
async function waitsLong(milter: ScriptedMilter, clock: MilterClock, limitMs: number): Promise<void> {
  const [talk] = milter.talks;
  talk?.socket.write(packet('p'));
  await turns();
  clock.pass(limitMs - 2_000);
  talk?.socket.write(packet('p'));
  await turns();
  clock.pass(limitMs - 2_000);
  assert.equal(talk?.hasEnded, false);
  clock.pass(4_000);
}

/** Turns of the event loop, after which what was written on loopback has arrived. */
async function turns(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
}

test('a message whose body was being replaced is never accepted without its milter', async (t) => {
  const milter = await ScriptedMilter.start(t, {
    answer: ({ letter }, { socket }) => {
      if (letter !== 'E') return [goOnPacket];
      socket.write(packet('b', 'half of the new '));
      socket.end();
      return [];
    },
  });
  const fixture = await receiverWith(t, [milter], {}, { onFailure: 'continue' });
  assert.match((await sendMessage(await greeted(fixture))).at(-1) ?? '', failed);
  assert.deepEqual(fixture.spool.kept, []);
});

const negotiations: Readonly<Record<string, Answers>> = {
  'wants a newer version': [packet('O', number(7), number(0), number(0))],
  'wants the oldest version of all': [packet('O', number(1), number(0), number(0))],
  'wants to do what was not offered': [packet('O', number(6), number(0x200), number(0))],
  'is too short': [packet('O', number(6), number(0))],
  'has malformed lists': [packet('O', number(6), number(0), number(0), number(0), 'i')],
  'is something else': [goOnPacket],
};
for (const [what, negotiation] of Object.entries(negotiations)) {
  test(`a negotiation that ${what} is a failure`, async (t) => {
    const milter = await ScriptedMilter.start(t, { negotiation });
    const fixture = await receiverWith(t, [milter]);
    const client = await fixture.client();
    assert.match(await client.reply(), /^421 4\.3\.0/);
  });
}

test('a milter that does what it has not asked for has failed', async (t) => {
  const milter = await ScriptedMilter.start(t, {
    actions: action.addHeaders,
    answer: ({ letter }) => (letter === 'E' ? [packet('-', '<b@example.com>\0'), goOnPacket] : [goOnPacket]),
  });
  const fixture = await receiverWith(t, [milter]);
  assert.match((await sendMessage(await greeted(fixture))).at(-1) ?? '', failed);
  assert.match(fixture.troubles.list[0]?.text ?? '', /delete-recipient, which it had not asked for/);
});

for (const [what, edits, why] of [
  [
    'more edits than anybody needs',
    Array<Buffer>(10_001).fill(packet('m', number(1), 'X\0\0')),
    /more than 10000 edits/,
  ],
  [
    'edits that are too large',
    Array<Buffer>(70).fill(packet('h', `X\0${'x'.repeat(60_000)}\0`)),
    /larger than 4 MiB/,
  ],
] as const) {
  test(`a milter that wants ${what} has failed`, async (t) => {
    const milter = await ScriptedMilter.start(t, {
      answer: ({ letter }) => (letter === 'E' ? [Buffer.concat([...edits, goOnPacket])] : [goOnPacket]),
    });
    const fixture = await receiverWith(t, [milter]);
    assert.match((await sendMessage(await greeted(fixture))).at(-1) ?? '', failed);
    assert.match(fixture.troubles.list[0]?.text ?? '', why);
    assert.deepEqual(fixture.spool.kept, []);
  });
}

test('a milter that answers what does not need an answer is found out', async (t) => {
  const milter = await ScriptedMilter.start(t, { steps: 0x4000, answer: () => [goOnPacket] });
  const fixture = await receiverWith(t, [milter]);
  const replies = await sendMessage(await greeted(fixture));
  assert.ok(replies.some((reply) => failed.test(reply)));
  assert.deepEqual(fixture.spool.kept, []);
});

test('nobody at its address is a failure that says so', async (t) => {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  const stage = milterStage({ kind: 'tcp', host: '127.0.0.1', port });
  const fixture = await start(t, { stages: [{ stage }] });
  assert.match(await (await fixture.client()).reply(), /^421 4\.3\.0/);
  assert.match(fixture.troubles.list[0]?.text ?? '', /nobody listens at its address/);
});
