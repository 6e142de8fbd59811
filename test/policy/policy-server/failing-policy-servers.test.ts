// Policy servers that are killed, hang, are slow or lie, at each point: mail is never refused for good, and never accepted against `onFailure`.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { test } from 'node:test';
import { dialService } from '../../../src/io/dial-service.ts';
import { Places } from '../../../src/io/places.ts';
import { IdleConnections } from '../../../src/policy/idle-connections.ts';
import { PolicyConnections } from '../../../src/policy/policy-server/policy-connections.ts';
import { policyPoints } from '../../../src/values/policy-points.ts';
import { greeted, MilterClock, sendMessage } from '../milter/milter-fixture.ts';
import { receiverAsking } from './policy-fixture.ts';
import { action, type PolicyTalk, ScriptedPolicyServer } from './scripted-policy-server.ts';

/** The points, as the protocol names them, and at which reply of a session a client hears of it. */
const places = { CONNECT: 0, EHLO: 1, MAIL: 2, RCPT: 3, DATA: 4, 'END-OF-MESSAGE': 5 } as const;

const failed = /^4[25]1 .*A check of this server failed/;

type Lie = (talk: PolicyTalk) => string | undefined;

/** Those that break the protocol. */
const breaks: Readonly<Record<string, Lie>> = {
  'closes the connection': ({ socket }) => {
    socket.destroy();
    return undefined;
  },
  'closes it amid an answer': ({ socket }) => {
    socket.end('action=DUN');
    return undefined;
  },
  'closes it before the empty line': ({ socket }) => {
    socket.end('action=OK\n');
    return undefined;
  },
  'sends no action': () => 'result=OK\n\n',
  'sends an empty answer': () => '\n',
  'sends an action without a name': () => 'OK\n\n',
  'answers twice': () => action('OK') + action('OK'),
  'sends 10 MB without a line end': () => 'x'.repeat(10_000_000),
  'sends lines without an end': () => 'x=y\n'.repeat(100_000),
};

/** Those that nobody can carry out. */
const nonsense: Readonly<Record<string, Lie>> = {
  'sends an action that is none': () => action('ACCEPT'),
  'sends a reply that is none': () => action('250 fine'),
  'sends a redirection to no address': () => action('REDIRECT a b@c d@e'),
  'sends a route that does not exist': () => action('FILTER nowhere:'),
  'sends a field that is none': () => action('PREPEND X A: b'),
  'ends the header in a field': () => action('PREPEND X-A: b\r\r: c'),
  'permits, and then says what is no action': () => 'action=OK\naction=ACCEPT\n\n',
};

/** All replies of a session with one message, up to the first that is no success. */
async function replies(fixture: Awaited<ReturnType<typeof receiverAsking>>): Promise<string[]> {
  const client = await fixture.client();
  const all = [await client.reply()];
  const commands = [
    'EHLO client.test\r\n',
    'MAIL FROM:<a@example.com>\r\n',
    'RCPT TO:<b@example.com>\r\n',
    'DATA\r\n',
    'Subject: x\r\n\r\nHello\r\n.\r\n',
  ];
  for (const command of commands) {
    if (!/^[23]/.test(all.at(-1) ?? '')) break;
    all.push(await client.ask(command));
  }
  return all;
}

for (const [state, place] of Object.entries(places)) {
  for (const [what, lie] of [...Object.entries(breaks), ...Object.entries(nonsense)]) {
    test(`at ${state}, a server that ${what} is a temporary error`, async (t) => {
      const server = await ScriptedPolicyServer.start(t, (question, talk) =>
        question.get('protocol_state') === state ? lie(talk) : action('DUNNO'),
      );
      const fixture = await receiverAsking(t, [server], { at: policyPoints });
      const all = await replies(fixture);
      assert.equal(all.length, place + 1);
      assert.match(all[place] ?? '', failed);
      assert.deepEqual(fixture.spool.kept, []);
      assert.deepEqual(
        fixture.troubles.list.map(({ key }) => key),
        ['stage:policy-1'],
      );
      // Only on a connection whose answers can be told apart more is asked.
      if (what in breaks) await server.until(() => server.talks.every(({ hasEnded }) => hasEnded));
    });
  }

  test(`at ${state}, a server that hangs fails in its time`, async (t) => {
    const clock = new MilterClock();
    const server = await ScriptedPolicyServer.start(t, (question) =>
      question.get('protocol_state') === state ? undefined : action('DUNNO'),
    );
    const fixture = await receiverAsking(t, [server], { at: policyPoints, clock });
    const sending = replies(fixture);
    await server.until(() => server.states.at(-1) === state);
    clock.pass(29_000);
    assert.equal(server.talks.at(-1)?.hasEnded, false);
    clock.pass(2_000);
    assert.match((await sending)[place] ?? '', failed);
    assert.match(fixture.troubles.list[0]?.text ?? '', /did not answer within 30 s/);
    await server.until(() => server.talks.at(-1)?.hasEnded === true);
  });

  test(`at ${state}, a slow server that sends its answer byte by byte is understood`, async (t) => {
    const server = await ScriptedPolicyServer.start(t, async (_, { socket }) => {
      for (const letter of action('DUNNO')) {
        socket.write(letter);
        await new Promise((resolve) => setImmediate(resolve));
      }
      return undefined;
    });
    assert.match(
      (await replies(await receiverAsking(t, [server], { at: policyPoints }))).at(-1) ?? '',
      /^250 /,
    );
  });

  test(`at ${state}, a server that is lost does not keep mail that is to go on`, async (t) => {
    const server = await ScriptedPolicyServer.start(t, (question, { socket }) => {
      if (question.get('protocol_state') !== state) return action('DUNNO');
      socket.destroy();
      return undefined;
    });
    const fixture = await receiverAsking(t, [server], { at: policyPoints, onFailure: 'continue' });
    assert.match((await replies(fixture)).at(-1) ?? '', /^250 /);
    assert.equal(fixture.troubles.list[0]?.level, 'warning');
  });
}

test('nobody at its address is a failure that says so', async (t) => {
  const listener = createServer();
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  listener.close();
  await once(listener, 'close');
  const nobody = { address: { kind: 'tcp', host: '127.0.0.1', port } } as ScriptedPolicyServer;
  const fixture = await receiverAsking(t, [nobody]);
  assert.match((await replies(fixture)).at(-1) ?? '', failed);
  assert.match(fixture.troubles.list[0]?.text ?? '', /nobody listens at its address/);
});

test('one connection serves the questions of several sessions, one after the other', async (t) => {
  const server = await ScriptedPolicyServer.start(t);
  const fixture = await receiverAsking(t, [server], { at: ['mail', 'rcpt'] });
  for (let i = 0; i < 3; i++) assert.match((await sendMessage(await greeted(fixture))).at(-1) ?? '', /^250 /);
  assert.equal(server.talks.length, 1);
  assert.equal(server.questions.length, 6);
});

test('sessions that ask at the same time have a connection each, and no answer is mixed up', async (t) => {
  const waiting: (() => void)[] = [];
  const server = await ScriptedPolicyServer.start(t, async (question) => {
    await new Promise<void>((resolve) => waiting.push(resolve));
    return action(`450 4.7.1 ${question.get('recipient')}`);
  });
  const fixture = await receiverAsking(t, [server]);
  const names = ['b', 'c', 'd'];
  const clients = [];
  for (let i = 0; i < names.length; i++) clients.push(await greeted(fixture));
  const sending = clients.map((client, i) => sendMessage(client, { to: [`${names[i]}@example.com`] }));
  await server.until(() => waiting.length === names.length);
  for (const resolve of waiting.toReversed()) resolve();
  const heard = (await Promise.all(sending)).map((all) => all[1]);
  assert.deepEqual(
    heard,
    names.map((name) => `450 4.7.1 ${name}@example.com`),
  );
  assert.equal(server.talks.length, names.length);
});

test('a connection that the server has closed meanwhile is no failure', async (t) => {
  const server = await ScriptedPolicyServer.start(t);
  const fixture = await receiverAsking(t, [server]);
  const client = await greeted(fixture);
  await sendMessage(client);
  server.talks[0]?.socket.end();
  await server.until(() => server.talks[0]?.hasEnded === true);
  assert.match((await sendMessage(client)).at(-1) ?? '', /^250 /);
  assert.equal(server.talks.length, 2);
  assert.deepEqual(fixture.troubles.list, []);
});

test('a question that meets the end of its connection is asked once more, on a new one', async (t) => {
  const server = await ScriptedPolicyServer.start(t, (_, talk) => {
    if (talk.questions.length === 1) return action('DUNNO');
    talk.socket.destroy();
    return undefined;
  });
  const fixture = await receiverAsking(t, [server]);
  const client = await greeted(fixture);
  await sendMessage(client);
  assert.match((await sendMessage(client)).at(-1) ?? '', /^250 /);
  assert.equal(server.talks.length, 2);
  assert.equal(server.questions.length, 3);
  assert.deepEqual(fixture.troubles.list, []);
});

test('a server that closes each connection without an answer is asked twice, and has failed', async (t) => {
  const server = await ScriptedPolicyServer.start(t);
  const fixture = await receiverAsking(t, [server]);
  const client = await greeted(fixture);
  await sendMessage(client);
  server.script = (_, { socket }) => {
    socket.destroy();
    return undefined;
  };
  assert.match((await sendMessage(client))[1] ?? '', failed);
  assert.equal(server.talks.length, 2);
});

test('what comes without being asked ends the connection', async (t) => {
  const server = await ScriptedPolicyServer.start(t);
  const fixture = await receiverAsking(t, [server]);
  const client = await greeted(fixture);
  await sendMessage(client);
  server.talks[0]?.socket.write(action('REJECT'));
  await server.until(() => server.talks[0]?.hasEnded === true);
  assert.match((await sendMessage(client)).at(-1) ?? '', /^250 /);
});

test('a connection is not kept for ever, used or not', async (t) => {
  const clock = new MilterClock();
  const server = await ScriptedPolicyServer.start(t);
  const fixture = await receiverAsking(t, [server], { clock, idleMs: 60_000, longestMs: 100_000 });
  const client = await greeted(fixture);
  await sendMessage(client);
  clock.pass(50_000);
  await sendMessage(client);
  clock.pass(50_000);
  // It has become too old, which is seen after the next question.
  await sendMessage(client);
  await server.until(() => server.talks[0]?.hasEnded === true);
  assert.equal(server.talks.length, 1);
  await sendMessage(client);
  clock.pass(62_000);
  await server.until(() => server.talks[1]?.hasEnded === true);
  assert.equal(server.talks.length, 2);
});

test('beyond the connections sessions wait in line, and beyond the line they are told to come back', async (t) => {
  const waiting: (() => void)[] = [];
  const server = await ScriptedPolicyServer.start(t, async () => {
    await new Promise<void>((resolve) => waiting.push(resolve));
    return action('DUNNO');
  });
  const fixture = await receiverAsking(t, [server], { places: new Places(1, 1) });
  const clients = [await greeted(fixture), await greeted(fixture), await greeted(fixture)];
  for (const client of clients) await client.ask('MAIL FROM:<a@example.com>\r\n');
  const first = clients[0]?.ask('RCPT TO:<b@example.com>\r\n');
  await server.until(() => waiting.length === 1);
  const second = clients[1]?.ask('RCPT TO:<c@example.com>\r\n');
  const third = clients[2]?.ask('RCPT TO:<d@example.com>\r\n');
  // Which of the two got the place in line is up to the system.
  assert.match((await Promise.race([second, third])) ?? '', /^451 4\.3\.2 .*busy/);
  waiting[0]?.();
  assert.match((await first) ?? '', /^250 /);
  await server.until(() => waiting.length === 2);
  waiting[1]?.();
  const replies2 = [await second, await third].map((reply) => reply?.slice(0, 3)).toSorted();
  assert.deepEqual(replies2, ['250', '451']);
  assert.equal(server.talks.length, 1);
});

test('a client that goes while the server is asked gives its place and its connection back', async (t) => {
  const server = await ScriptedPolicyServer.start(t, () => undefined);
  const { deadlines } = new MilterClock();
  const connections = new PolicyConnections({
    turn: { places: new Places(1, 1), deadlines, limitMs: 30_000 },
    connection: { dial: dialService, deadlines, address: server.address },
    idle: new IdleConnections({ most: 1, longestMs: 300_000 }),
    longestMs: 1_000_000,
  });
  const request = Buffer.from('request=smtpd_access_policy\n\n');
  const client = new AbortController();
  const asked = connections.ask(request, client);
  await server.until(() => server.questions.length === 1);
  client.abort();
  await assert.rejects(asked, /the client has gone/);
  // An answer that comes late would be taken for that to another question.
  await server.until(() => server.talks[0]?.hasEnded === true);
  server.script = () => action('DUNNO');
  assert.deepEqual(await connections.ask(request, new AbortController()), ['DUNNO']);
});
