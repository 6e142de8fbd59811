// What a socket reads while its session waits: one chunk of the system, however much the client sends.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { ClientSocket, clientHighWaterMark } from '../../src/receive/client-socket.ts';
import { testCertificates } from './fixture.ts';
import { turns } from './stage-fixture.ts';

const chunkBytes = 64 * 1024;
/** What TLS adds to the bytes of some chunks, and reads with the handshake. */
const slack = 4096;

for (const [security, usesBefore] of [
  ['in clear', 1],
  ['in clear', 1000],
  ['in clear', Infinity],
  ['under TLS', 1],
  ['under TLS', 1000],
  ['under TLS', Infinity],
] as const) {
  test(`on hold ${security}, with ${usesBefore} bytes of each chunk used before, a socket reads one chunk more at most`, async (t) => {
    const sent = Buffer.alloc(1_000_000);
    for (let at = 0; at < sent.length; at++) sent[at] = at % 251;
    const server = createServer({ highWaterMark: clientHighWaterMark, allowHalfOpen: true });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => server.close());
    const accepted = once(server, 'connection') as Promise<[Socket]>;
    const address = server.address();
    assert.ok(typeof address === 'object' && address !== null);
    const peer = connect(address.port, '127.0.0.1');
    t.after(() => peer.destroy());
    const [socket] = await accepted;
    t.after(() => socket.destroy());

    const used: Buffer[] = [];
    let unused = Buffer.alloc(0);
    const ended = Promise.withResolvers<void>();
    const client: ClientSocket = new ClientSocket(socket, {
      received: (chunk) => {
        if (client.isHeld) {
          unused = Buffer.concat([unused, chunk]);
          return;
        }
        client.hold();
        used.push(chunk.subarray(0, usesBefore));
        unused = Buffer.from(chunk.subarray(usesBefore));
      },
      takeBack: () => {
        if (unused.length === 0) return undefined;
        const last = unused.subarray(-1);
        unused = unused.subarray(0, -1);
        return last;
      },
      halfClosed: () => ended.resolve(),
      gone: () => ended.resolve(),
    });
    let outer: Socket = peer;
    if (security === 'under TLS') {
      const secured = Promise.withResolvers<unknown>();
      client.upgrade({ secureContext: testCertificates.defaultContext }, secured.resolve);
      outer = connectTls({ socket: peer, rejectUnauthorized: false });
      await Promise.all([secured.promise, once(outer, 'secureConnect')]);
    }
    const bytesBefore = socket.bytesRead;
    outer.end(sent);
    let waits = 0;
    let isOver = false;
    void ended.promise.then(() => (isOver = true));
    for (let usedBytes = 0; !isOver;) {
      await turns();
      if (!client.isHeld) continue;
      waits++;
      assert.ok(unused.length <= chunkBytes, `${unused.length} bytes wait`);
      assert.ok(
        socket.bytesRead - bytesBefore - usedBytes <= 2 * chunkBytes + slack,
        'the stream holds no more',
      );
      if (waits === 1)
        assert.ok(socket.bytesRead - bytesBefore <= chunkBytes + slack + Math.min(usesBefore, chunkBytes));
      used.push(unused);
      unused = Buffer.alloc(0);
      client.release();
      client.readOn();
      usedBytes = used.reduce((sum, { length }) => sum + length, 0);
    }
    assert.ok(Buffer.concat(used).equals(sent), 'every byte comes once and in order');
    assert.ok(waits > 5, `${waits} waits`);
  });
}

test('bytes in clear that are buffered when TLS begins never reach the owner: the connection ends', async (t) => {
  const { client, socket, peer, received, gone } = await pair(t);
  // The stream holds the second chunk back, and hands it on when its owner has taken the first.
  socket.pause();
  peer.write('STARTTLS\r\n');
  while (socket.readableLength === 0) await turns();
  socket.unshift('EHLO a\r\n');
  received.take = () =>
    client.upgrade({ secureContext: testCertificates.defaultContext }, () => assert.fail('no handshake'));
  socket.resume();
  await gone;
  assert.deepEqual(received.texts, ['EHLO a\r\n']);
});

test('a client cannot renegotiate: the connection ends', async (t) => {
  const { client, peer, received, gone } = await pair(t);
  const secured = Promise.withResolvers<unknown>();
  client.upgrade({ secureContext: testCertificates.defaultContext }, secured.resolve);
  const outer = connectTls({ socket: peer, rejectUnauthorized: false, maxVersion: 'TLSv1.2' });
  outer.on('error', () => undefined);
  await Promise.all([secured.promise, once(outer, 'secureConnect')]);
  outer.write('NOOP\r\n');
  while (received.texts.length === 0) await turns();
  outer.renegotiate({ rejectUnauthorized: false }, () => undefined);
  await gone;
  assert.deepEqual(received.texts, ['NOOP\r\n']);
});

/** A client socket, its stream, and the other end of the connection. */
async function pair(t: TestContext) {
  const server = createServer({ highWaterMark: clientHighWaterMark, allowHalfOpen: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  const peer = connect(address.port, '127.0.0.1');
  peer.on('error', () => undefined);
  const [socket] = await accepted;
  t.after(() => {
    peer.destroy();
    socket.destroy();
  });
  const received = { texts: [] as string[], take: (): void => undefined };
  const gone = Promise.withResolvers<string>();
  const client = new ClientSocket(socket, {
    received: (chunk) => {
      received.texts.push(chunk.toString('latin1'));
      received.take();
    },
    takeBack: () => undefined,
    halfClosed: () => undefined,
    gone: gone.resolve,
  });
  return { client, socket, peer, received, gone: gone.promise };
}
