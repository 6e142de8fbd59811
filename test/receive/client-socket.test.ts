// What a socket reads while its session waits: one chunk of the system, however much the client sends.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { ClientSocket, clientHighWaterMark } from '../../src/receive/client-socket.ts';
import { turns } from './stage-fixture.ts';

const chunkBytes = 64 * 1024;

for (const usesBefore of [1, 1000, Infinity]) {
  test(`on hold, with ${usesBefore} bytes of each chunk used before, a socket reads one chunk more at most`, async (t) => {
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
    peer.end(sent);
    let waits = 0;
    let isOver = false;
    void ended.promise.then(() => (isOver = true));
    for (let usedBytes = 0; !isOver;) {
      await turns();
      if (!client.isHeld) continue;
      waits++;
      assert.ok(unused.length <= chunkBytes, `${unused.length} bytes wait`);
      assert.ok(socket.bytesRead - usedBytes <= 2 * chunkBytes, 'the stream holds no more');
      if (waits === 1) assert.ok(socket.bytesRead <= chunkBytes + Math.min(usesBefore, chunkBytes));
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
