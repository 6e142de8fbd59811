// A clamd that is killed, hangs, is slow or lies, at each moment: mail is never refused for good, and never taken for clean.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { test } from 'node:test';
import { dialService } from '../../../src/io/dial-service.ts';
import { start } from '../../receive/fixture.ts';
import { turns } from '../../receive/stage-fixture.ts';
import { greeted, sendMessage } from '../milter/milter-fixture.ts';
import { WatchedPlaces } from '../watched-places.ts';
import { clamdStage, receiverWith, ScanClock, turnOf } from './clamd-fixture.ts';
import { type ClamdMoment, type ClamdTalk, ScriptedClamd } from './scripted-clamd.ts';

const failed = /^451 4\.3\.0 A check of this server failed/;
const moments: readonly ClamdMoment[] = ['connect', 'command', 'chunk', 'end'];

/** Each is called at one moment; clamd says nothing at the others. */
const lies: Readonly<Record<string, (talk: ClamdTalk) => string | undefined>> = {
  'is killed': ({ socket }) => {
    socket.resetAndDestroy();
    return undefined;
  },
  'closes the connection': ({ socket }) => {
    socket.end();
    return undefined;
  },
  'closes it amid a reply': ({ socket }) => {
    socket.end('stream: O');
    return undefined;
  },
  'closes it at the end of a reply that has no NUL': ({ socket }) => {
    socket.end('stream: OK');
    return undefined;
  },
  'says garbage': () => '\x00\xff\xfe{"action": "no action"}\0',
  'says a long line': () => 'x'.repeat(100_000),
  'says that it failed': () => "stream: Can't allocate memory ERROR\0",
  'says OK of something else': () => '/etc/passwd: OK\0',
  'says OK, and then that there is a virus': () => 'stream: OK\0stream: Test.Eicar FOUND\0',
  'says a reply of SMTP': () => '250 2.0.0 OK\r\n\0',
};

for (const moment of moments) {
  for (const [what, lie] of Object.entries(lies)) {
    test(`at ${moment}, a clamd that ${what} is a temporary error`, async (t) => {
      const clamd = await ScriptedClamd.start(t, {
        say: (now, talk) => (now === moment ? lie(talk) : undefined),
      });
      const fixture = await receiverWith(t, clamd);
      const client = await greeted(fixture);
      assert.match((await sendMessage(client)).at(-1) ?? '', failed);
      assert.deepEqual(fixture.spool.kept, []);
      assert.deepEqual(
        fixture.troubles.list.map(({ key }) => key),
        ['stage:clamav'],
      );
      await clamd.until(() => clamd.talks.every(({ hasEnded }) => hasEnded));
      clamd.script = {};
      assert.match((await sendMessage(client)).at(-1) ?? '', /^250 /);
    });
  }

  if (moment !== 'end') {
    for (const verdict of ['stream: OK\0', 'stream: Test.Eicar FOUND\0']) {
      test(`at ${moment}, ${JSON.stringify(verdict)} is no verdict on the whole message`, async (t) => {
        const clamd = await ScriptedClamd.start(t, {
          say: (now) => (now === moment ? verdict : undefined),
        });
        const fixture = await start(t, {
          settings: { largeMessageBytes: 10_000 },
          stages: [{ stage: clamdStage(clamd) }],
        });
        // Larger than what is on the way at once, so that the verdict comes before the end.
        const content = `Subject: x\r\n\r\n${`${'x'.repeat(70)}\r\n`.repeat(12_000)}`;
        assert.match((await sendMessage(await greeted(fixture), { content })).at(-1) ?? '', failed);
        assert.deepEqual(fixture.spool.kept, []);
      });
    }
  }

  test(`at ${moment}, a clamd that hangs fails in its time, and the connection is closed`, async (t) => {
    const clock = new ScanClock();
    const clamd = await ScriptedClamd.start(t, { say: () => undefined });
    const fixture = await receiverWith(t, clamd, { turn: turnOf({ clock }) });
    const sending = sendMessage(await greeted(fixture));
    await clamd.until(() => clamd.talks[0]?.isWhole === true);
    clock.pass(118_000);
    assert.equal(clamd.talks[0]?.hasEnded, false);
    clock.pass(4_000);
    assert.match((await sending).at(-1) ?? '', failed);
    assert.match(fixture.troubles.list[0]?.text ?? '', /it did not answer within 120 s/);
    await clamd.until(() => clamd.talks[0]?.hasEnded === true);
  });
}

test('a clamd that takes nothing does not fill the memory, and fails in its time', async (t) => {
  const clock = new ScanClock();
  const clamd = await ScriptedClamd.start(t, {
    say: (moment, { socket }) => {
      if (moment === 'connect') socket.pause();
      return undefined;
    },
  });
  const fixture = await receiverWith(t, clamd, { turn: turnOf({ clock }) });
  const content = `Subject: x\r\n\r\n${`${'x'.repeat(70)}\r\n`.repeat(12_000)}`;
  const sending = sendMessage(await greeted(fixture), { content });
  await clamd.until(() => clamd.talks.length === 1);
  await turns();
  clock.pass(122_000);
  assert.match((await sending).at(-1) ?? '', failed);
});

test('on_failure = "continue" lets mail go on, and "quarantine" holds it', async (t) => {
  const clamd = await ScriptedClamd.start(t, {
    say: (_, { socket }) => {
      socket.destroy();
      return undefined;
    },
  });
  for (const [onFailure, held] of [
    ['continue', undefined],
    ['quarantine', 'the check "clamav" failed'],
  ] as const) {
    const fixture = await receiverWith(t, clamd, { onFailure });
    assert.match((await sendMessage(await greeted(fixture))).at(-1) ?? '', /^250 /);
    assert.equal(fixture.spool.kept[0]?.envelope.quarantine, held);
  }
});

test('nobody at its address is a failure that says so', async (t) => {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  const clamd = await ScriptedClamd.start(t);
  const scan = { dial: dialService, address: { kind: 'tcp', host: '127.0.0.1', port } } as const;
  const fixture = await receiverWith(t, clamd, { scan });
  assert.match((await sendMessage(await greeted(fixture))).at(-1) ?? '', failed);
  assert.match(fixture.troubles.list[0]?.text ?? '', /nobody listens at its address/);
});

test('beyond the line, clients are asked to try again later, whatever on_failure says', async (t) => {
  const clamd = await ScriptedClamd.start(t, { say: () => undefined });
  const places = new WatchedPlaces(1, 1);
  const turn = { ...turnOf({}), places };
  const breaker = { failures: 1, restMs: 60_000 };
  const stage = { stage: clamdStage(clamd, { turn, breaker, onFailure: 'continue' }) };
  const fixture = await start(t, {
    stages: [stage],
    settings: { maxConnections: 5, maxConnectionsPerClient: 5 },
  });
  const clients = await Promise.all([1, 2, 3].map(() => greeted(fixture)));
  const [one, two, three] = clients.map((client) => ({ client, sending: undefined as unknown }));
  const first = sendMessage(one!.client);
  await clamd.until(() => clamd.talks[0]?.isWhole === true);
  const second = sendMessage(two!.client);
  await places.came(2);
  assert.match(
    (await sendMessage(three!.client)).at(-1) ?? '',
    /^451 4\.3\.2 A check of this server is busy, try again later/,
  );
  assert.match(
    fixture.troubles.list[0]?.text ?? '',
    /too many sessions wait for it already\. Meanwhile clients are asked/,
  );
  // It is not left alone for that: those in line are answered.
  clamd.talks[0]?.socket.write('stream: OK\0');
  assert.match((await first).at(-1) ?? '', /^250 /);
  await clamd.until(() => clamd.talks[1]?.isWhole === true);
  clamd.talks[1]?.socket.write('stream: OK\0');
  assert.match((await second).at(-1) ?? '', /^250 /);
});

test('a client that goes leaves the line at once, and its question ends', async (t) => {
  const clamd = await ScriptedClamd.start(t, { say: () => undefined });
  const places = new WatchedPlaces(1, 1);
  const fixture = await receiverWith(t, clamd, { turn: { ...turnOf({}), places } });
  const asks = await greeted(fixture);
  void sendMessage(asks);
  await clamd.until(() => clamd.talks[0]?.isWhole === true);
  const waits = await greeted(fixture);
  void sendMessage(waits);
  await places.came(2);
  waits.socket.resetAndDestroy();
  // There is room in the line again, or the next one would be answered 451.
  await places.left(1);
  const next = await greeted(fixture);
  const sending = sendMessage(next);
  await places.came(3);
  asks.socket.resetAndDestroy();
  await clamd.until(() => clamd.talks[0]?.hasEnded === true && clamd.talks[1]?.isWhole === true);
  clamd.talks[1]?.socket.write('stream: OK\0');
  assert.match((await sending).at(-1) ?? '', /^250 /);
  assert.equal(clamd.talks.length, 2);
});

test('a client that closes its side leaves the line with a reply; one that is asked about gets its answer', async (t) => {
  const clamd = await ScriptedClamd.start(t, { say: () => undefined });
  const places = new WatchedPlaces(1, 1);
  const fixture = await receiverWith(t, clamd, { turn: { ...turnOf({}), places } });
  const asks = await greeted(fixture);
  const first = sendMessage(asks);
  await clamd.until(() => clamd.talks[0]?.isWhole === true);
  const waits = await greeted(fixture);
  const second = sendMessage(waits);
  await places.came(2);
  asks.socket.end();
  waits.socket.end();
  assert.match((await second).at(-1) ?? '', /^451 4\.3\.2 /);
  assert.equal(await waits.reply(), '');
  // It says nothing about clamd.
  assert.deepEqual(fixture.troubles.list, []);
  const next = await greeted(fixture);
  const third = sendMessage(next);
  await places.came(3);
  clamd.talks[0]?.socket.write('stream: OK\0');
  assert.match((await first).at(-1) ?? '', /^250 /);
  await clamd.until(() => clamd.talks[1]?.isWhole === true);
  clamd.talks[1]?.socket.write('stream: OK\0');
  assert.match((await third).at(-1) ?? '', /^250 /);
});
