// A session with STARTTLS whose bytes, in clear and under TLS, are cut anywhere: into pieces, it does the same; broken off, it leaves
// nothing behind.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { Client, type Fixture, start } from './fixture.ts';
import { turns } from './stage-fixture.ts';

/** Passes on what a client sends, cut at these offsets of its stream, and breaks off at the end of them if told so. */
async function cutter(t: TestContext, port: number) {
  let cuts: readonly number[] = [];
  let breaksOff = false;
  let passed = 0;
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const to = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
    passed = 0;
    let work = Promise.resolve();
    const pass = async (bytes: Buffer): Promise<void> => {
      const base = passed;
      passed += bytes.length;
      let from = 0;
      for (const cut of cuts) {
        const at = cut - base;
        if (at <= from || at > bytes.length) continue;
        to.write(bytes.subarray(from, at));
        await turns();
        if (breaksOff) {
          to.destroy();
          client.destroy();
          return;
        }
        from = at;
      }
      if (from < bytes.length && !to.destroyed) to.write(bytes.subarray(from));
    };
    client.on('data', (bytes: Buffer) => {
      work = work.then(() => pass(bytes));
    });
    client.on('end', () => void work.then(() => to.end()));
    to.on('data', (bytes: Buffer) => client.write(bytes));
    to.on('end', () => client.end());
    for (const socket of [client, to]) socket.on('error', () => undefined);
    t.after(() => {
      client.destroy();
      to.destroy();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return {
    /** A client behind it, and how many of its bytes have been passed on. */
    async client(at: readonly number[], breaks: boolean): Promise<Client> {
      cuts = at.toSorted((a, b) => a - b);
      breaksOff = breaks;
      const socket: Socket = connect({
        port: (server.address() as AddressInfo).port,
        host: '127.0.0.1',
        noDelay: true,
        allowHalfOpen: true,
      });
      await once(socket, 'connect');
      t.after(() => socket.destroy());
      return new Client(socket);
    },
    get passed(): number {
      return passed;
    },
  };
}

/** All replies of a session that sends one message under TLS. Ends early when the connection does. */
async function session(client: Client): Promise<string[]> {
  const replies = [await client.reply()];
  const ask = async (text: string): Promise<boolean> => {
    const reply = await client.ask(text);
    replies.push(reply.slice(0, 3));
    return reply !== '';
  };
  if (!(await ask('EHLO a.example\r\n')) || !(await ask('STARTTLS\r\n'))) return replies;
  try {
    await client.secure();
  } catch {
    return replies;
  }
  const commands = ['EHLO a.example', 'MAIL FROM:<a@example.net>', 'RCPT TO:<b@example.com>', 'DATA'];
  for (const command of commands) if (!(await ask(`${command}\r\n`))) return replies;
  if (await ask('Subject: x\r\n\r\nhello\r\n.\r\n')) await ask('QUIT\r\n');
  return replies;
}

const whole = ['250', '220', '250', '250', '250', '354', '250', '221'];

async function nothingIsLeft({ receiver, handshakes }: Fixture): Promise<void> {
  while (receiver.connections > 0) await turns();
  assert.equal(handshakes.underWay, 0);
}

test('a session with STARTTLS that is cut into pieces anywhere does the same', async (t) => {
  const fixture = await start(t, { tls: 'offered' });
  const through = await cutter(t, fixture.port);
  const cuts = fc.array(fc.integer({ min: 1, max: 1_200 }), { maxLength: 12 });
  let sent = 0;
  await fc.assert(
    fc.asyncProperty(cuts, async (at) => {
      const [, ...replies] = await session(await through.client(at, false));
      assert.deepEqual(replies, whole);
      assert.equal(fixture.spool.kept.length, ++sent);
      await nothingIsLeft(fixture);
    }),
    { numRuns: 40 },
  );
});

test('a session with STARTTLS that breaks off anywhere leaves nothing behind', async (t) => {
  const fixture = await start(t, { tls: 'offered' });
  const through = await cutter(t, fixture.port);
  await session(await through.client([], false));
  const sessionBytes = through.passed;
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: sessionBytes }), async (at) => {
      const before = fixture.spool.kept.length;
      const replies = await session(await through.client([at], true));
      await nothingIsLeft(fixture);
      // At most one message, and only with its end.
      assert.ok(fixture.spool.kept.length - before <= 1);
      if (replies.filter((reply) => reply === '354').length === 0)
        assert.equal(fixture.spool.kept.length, before);
    }),
    { numRuns: 60 },
  );
});
