// Listeners that come and go with the configuration, with limits and protocols of their own.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { Timers } from '../../src/io/timers.ts';
import type { ListenerOptions } from '../../src/receive/listener.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { Client, type Fixture, start } from './fixture.ts';

/** Clients that are gone at the end of the test. */
function visitors(t: TestContext): (to: string | number) => Promise<Client> {
  const clients: Client[] = [];
  t.after(() => {
    for (const client of clients) client.socket.destroy();
  });
  return async (to) => {
    const socket = typeof to === 'string' ? connect(to) : connect(to, '127.0.0.1');
    await once(socket, 'connect');
    const client = new Client(socket);
    clients.push(client);
    return client;
  };
}

function unixListener(path: string, kind: 'smtp' | 'lmtp' = 'smtp'): Partial<ListenerOptions> {
  return { facts: { kind, name: `unix:${path}` }, address: { kind: 'unix', path } };
}

async function inData(client: Client): Promise<void> {
  assert.match(await client.reply(), /^220/u);
  assert.match(await client.ask('EHLO c.example\r\n'), /^250/u);
  assert.match(await client.ask('MAIL FROM:<a@example.net>\r\n'), /^250/u);
  assert.match(await client.ask('RCPT TO:<b@example.com>\r\n'), /^250/u);
  assert.match(await client.ask('DATA\r\n'), /^354/u);
}

/** A port that nobody listens on at this moment. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

function tcpListener(fixture: Fixture, port: number): ListenerOptions {
  return {
    ...fixture.listener,
    facts: { kind: 'smtp', name: `127.0.0.1:${port}` },
    address: { kind: 'tcp', host: '127.0.0.1', port },
  };
}

/** Timers that the test runs out by hand. */
class HandTimers implements Timers {
  readonly #waiting = new Map<object, () => void>();
  readonly nowMs = () => 0;
  setTimeout(act: () => void) {
    const timer = { unref: () => timer };
    this.#waiting.set(timer, act);
    return timer;
  }
  setInterval(act: () => void) {
    return this.setTimeout(act);
  }
  clear(timer: object | undefined): void {
    if (timer !== undefined) this.#waiting.delete(timer);
  }
  setImmediate(act: () => void): void {
    this.setTimeout(act);
  }
  get count(): number {
    return this.#waiting.size;
  }
  runOut(): void {
    const due = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const act of due) act();
  }
}

test('mail by LMTP at a Unix-domain socket is stored with its protocol, and each recipient is answered', async (t) => {
  const { path: folder } = temporaryFolder(t, 'lmtp');
  const path = join(folder, 'lmtp.sock');
  const visit = visitors(t);
  const { listener, receiver, spool } = await start(t, { networks: ['10.0.0.0'] });
  const { settings } = listener.context;
  const session = { ...settings.session, protocol: 'lmtp' as const };
  const context = { ...listener.context, settings: { ...settings, session } };
  await receiver.configure(settings, [listener, { ...listener, ...unixListener(path, 'lmtp'), context }]);
  assert.equal(statSync(path).mode & 0o777, 0o660);
  const client = await visit(path);
  assert.match(await client.reply(), /^220/u);
  assert.match(await client.ask('EHLO a.example\r\n'), /^500 5\.5\.1 This is LMTP/u);
  assert.match(await client.ask('LHLO a.example\r\n'), /^250/u);
  assert.match(await client.ask('MAIL FROM:<a@example.net>\r\n'), /^250/u);
  assert.match(await client.ask('RCPT TO:<b@far.example>\r\n'), /^250/u);
  assert.match(await client.ask('RCPT TO:<c@far.example>\r\n'), /^250/u);
  assert.match(await client.ask('DATA\r\n'), /^354/u);
  assert.match(await client.ask('Subject: x\r\n\r\n.\r\n'), /^250 2\.0\.0 queued as ID1/u);
  assert.match(await client.reply(), /^250 2\.0\.0 queued as ID1/u);
  assert.match(await client.ask('QUIT\r\n'), /^221/u);
  const [kept] = spool.kept;
  assert.match(kept!.content, /^Received: by mx\.example\.org with LMTP id ID1;\r\n/u);
  assert.equal(kept!.envelope.origin.via, 'lmtp');
});

test('a reload opens new listeners and closes others after the message in hand; the rest goes on', async (t) => {
  const { path: folder } = temporaryFolder(t, 'reload');
  const [first, second] = [join(folder, 'first'), join(folder, 'second')];
  const visit = visitors(t);
  const fixture = await start(t, { more: [unixListener(first)] });
  const { listener, receiver } = fixture;
  const settings = listener.context.settings;
  const staying = await fixture.client();
  const leaving = await visit(first);
  const idle = await visit(first);
  await inData(staying);
  await inData(leaving);
  assert.match(await idle.reply(), /^220/u);

  await receiver.configure(settings, [listener, { ...listener, ...unixListener(second) }]);
  await assert.rejects(visit(first), { code: 'ENOENT' });
  assert.match(await (await visit(second)).reply(), /^220/u);
  const closed = '421 4.3.2 mx.example.org This listener is closed, try again later';
  assert.equal(await idle.reply(), closed);
  assert.match(await leaving.ask('Subject: x\r\n\r\n.\r\n'), /^250/u);
  assert.equal(await leaving.reply(), closed);
  assert.match(await staying.ask('Subject: x\r\n\r\n.\r\n'), /^250/u);
  assert.match(await staying.ask('NOOP\r\n'), /^250/u);

  await receiver.configure(settings, [listener, { ...listener, ...unixListener(first) }]);
  assert.match(await (await visit(first)).reply(), /^220/u);
});

test('an address that a reload cannot have is a trouble, until it is free', async (t) => {
  const timers = new HandTimers();
  const fixture = await start(t, { timers });
  const { listener, receiver, troubles } = fixture;
  const visit = visitors(t);
  const blocker = createServer().listen(0, '127.0.0.1');
  await once(blocker, 'listening');
  const { port } = blocker.address() as AddressInfo;
  const wanted = tcpListener(fixture, port);

  const text = `Listening on 127.0.0.1:${port}: the port is in use.`;
  assert.deepEqual(await receiver.configure(listener.context.settings, [listener, wanted]), [text]);
  assert.deepEqual(
    troubles.list.map(({ key, level, text }) => [key, level, text]),
    [[`listener:smtp 127.0.0.1:${port}`, 'critical', `Listening on 127.0.0.1:${port}: the port is in use.`]],
  );
  blocker.close();
  await once(blocker, 'close');
  timers.runOut();
  while (troubles.list.length > 0) await new Promise((resolve) => setImmediate(resolve));
  assert.match(await (await visit(port)).reply(), /^220/u);
  assert.equal(timers.count, 0);
});

test('a listener that is taken out of the configuration is no trouble any more', async (t) => {
  const timers = new HandTimers();
  const fixture = await start(t, { timers });
  const { listener, receiver, troubles } = fixture;
  const blocker = createServer().listen(0, '127.0.0.1');
  await once(blocker, 'listening');
  const { settings } = listener.context;
  const { port } = blocker.address() as AddressInfo;
  await receiver.configure(settings, [listener, tcpListener(fixture, port)]);
  assert.equal(troubles.list.length, 1);
  await receiver.configure(settings, [listener]);
  assert.deepEqual(troubles.list, []);
  blocker.close();
  await once(blocker, 'close');
  timers.runOut();
  await receiver.configure(settings, [listener]);
  await assert.rejects(visitors(t)(port), { code: 'ECONNREFUSED' });
});

test('a configuration that changes while a listener is being opened wins', async (t) => {
  const fixture = await start(t);
  const { listener, receiver } = fixture;
  const { settings } = listener.context;
  const port = await freePort();
  const opening = receiver.configure(settings, [listener, tcpListener(fixture, port)]);
  await receiver.configure(settings, [listener]);
  await opening;
  await assert.rejects(visitors(t)(port), { code: 'ECONNREFUSED' });
});

test('a listener may have a limit of connections of its own', async (t) => {
  const { path: folder } = temporaryFolder(t, 'own');
  const path = join(folder, 'socket');
  const visit = visitors(t);
  const fixture = await start(t, { more: [{ ...unixListener(path), maxConnections: 1 }] });
  const first = await visit(path);
  assert.match(await first.reply(), /^220/u);
  assert.match(await (await visit(path)).reply(), /^421 4\.3\.2/u);
  assert.match(await (await fixture.client()).reply(), /^220/u);
  first.socket.destroy();
  while (fixture.receiver.connections > 1) await new Promise((resolve) => setImmediate(resolve));
  assert.match(await (await visit(path)).reply(), /^220/u);
});

test('limits of each client count for one listener alone if it has its own', async (t) => {
  const fixture = await start(t, { settings: { maxConnectionsPerClient: 1 } });
  const { listener, receiver } = fixture;
  const visit = visitors(t);
  const [shared, own] = [await freePort(), await freePort()];
  await receiver.configure(listener.context.settings, [
    listener,
    tcpListener(fixture, shared),
    { ...tcpListener(fixture, own), hasOwnClientLimits: true },
  ]);
  assert.match(await (await fixture.client()).reply(), /^220/u);
  assert.match(await (await visit(shared)).reply(), /^421 4\.7\.0/u);
  assert.match(await (await visit(own)).reply(), /^220/u);
  assert.match(await (await visit(own)).reply(), /^421 4\.7\.0/u);
});
