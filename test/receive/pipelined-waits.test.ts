// A group of commands with one that a stage decides about later: the replies leave in few writes, and reading does not stop for what is small.

import assert from 'node:assert/strict';
import { Socket } from 'node:net';
import { test, type TestContext } from 'node:test';

import type { Verdict } from '../../src/policy/stage.ts';
import { goOn } from '../../src/policy/stage.ts';
import { start } from './fixture.ts';

/** What the server writes to a port, write by write, and how often it stops reading. */
function watched(t: TestContext, port: () => number) {
  const seen = { writes: [] as string[], pauses: 0 };
  const isOurs = (socket: Socket): boolean => socket.localPort === port();
  const { write, pause } = Socket.prototype;
  t.mock.method(Socket.prototype, 'write', function (this: Socket, ...args: Parameters<Socket['write']>) {
    if (isOurs(this)) seen.writes.push(Buffer.from(args[0]).toString('latin1'));
    return write.apply(this, args);
  });
  t.mock.method(Socket.prototype, 'pause', function (this: Socket) {
    if (isOurs(this)) seen.pauses++;
    return pause.call(this);
  });
  return seen;
}

const codes = (writes: readonly string[]): readonly string[] =>
  writes.map((text) => [...text.matchAll(/^(\d{3}) /gmu)].map(([, code]) => code).join(' '));

/** A session whose recipients wait for a decision. */
async function waiting(t: TestContext) {
  const asked: ((verdict: Verdict) => void)[] = [];
  let told: (() => void) | undefined;
  const stage = {
    name: 'later',
    rcpt: () =>
      new Promise<Verdict>((resolve) => {
        asked.push(resolve);
        told?.();
      }),
  };
  const fixture = await start(t, { stages: [{ stage }], networks: ['10.0.0.0'] });
  const client = await fixture.client();
  await client.reply();
  await client.ask('EHLO client.example\r\n');
  const seen = watched(t, () => fixture.port);
  return {
    client,
    seen,
    /** Resolves when so many recipients were asked about. */
    asks: async (count: number): Promise<void> => {
      while (asked.length < count) await new Promise<void>((resolve) => (told = resolve));
    },
    answer: (index: number) => asked[index]?.(goOn),
  };
}

test('the rest of a group waits without a stop of reading', async (t) => {
  const { client, seen, asks, answer } = await waiting(t);
  client.send('MAIL FROM:<a@example.net>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n');
  await asks(1);
  answer(0);
  for (const code of ['250', '250', '354']) assert.match(await client.reply(), new RegExp(`^${code} `, 'u'));
  assert.equal(seen.pauses, 0);
  assert.equal(codes(seen.writes).at(-1), '250 354');
});

test('a client that sends much more meanwhile is not read further', async (t) => {
  const { client, seen, asks, answer } = await waiting(t);
  client.send(`MAIL FROM:<a@example.net>\r\nRCPT TO:<b@example.com>\r\n${'NOOP\r\n'.repeat(1000)}DATA\r\n`);
  await asks(1);
  answer(0);
  for (const code of ['250', '250', ...Array.from({ length: 1000 }, () => '250'), '354'])
    assert.match(await client.reply(), new RegExp(`^${code} `, 'u'));
  assert.ok(seen.pauses > 0);
});
