// Channels between processes and inside one: order, back-pressure, and which messages a close still delivers.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { type Channel, channelWindow, localChannel } from '../../src/channel/channel.ts';
import { SocketChannel } from '../../src/channel/socket-channel.ts';
import { temporaryFolder } from '../temporary-folder.ts';

type Ends = [Channel<number | string, number | string>, Channel<number | string, number | string>];

async function socketPair(t: TestContext): Promise<[Socket, Socket]> {
  const { path: folder, atEnd } = temporaryFolder(t, 'channel');
  const server = createServer();
  const path = join(folder, 's');
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const left = connect(path);
  const [right] = await accepted;
  atEnd(async () => {
    left.destroy();
    right.destroy();
    const closed = once(server, 'close');
    server.close();
    await closed;
  });
  return [left, right];
}

const kinds: Record<string, (t: TestContext) => Promise<Ends>> = {
  'in one process': () => Promise.resolve(localChannel<number | string, number | string>()),
  'across processes': async (t) => {
    const [left, right] = await socketPair(t);
    return [new SocketChannel(left), new SocketChannel(right)];
  },
};

for (const [kind, make] of Object.entries(kinds)) {
  test(`messages arrive in order and in batches, ${kind}`, async (t) => {
    const [left, right] = await make(t);
    const arrived: (number | string)[] = [];
    let batches = 0;
    const all = Promise.withResolvers<void>();
    right.receive((batch) => {
      batches++;
      arrived.push(...batch);
      if (arrived.length === 1000) all.resolve();
    });
    for (let i = 0; i < 1000; i++) left.post(i % 3 === 0 ? `text ${i} é\u{1F4EC}` : i);
    await all.promise;
    assert.deepEqual(
      arrived,
      Array.from({ length: 1000 }, (_, i) => (i % 3 === 0 ? `text ${i} é\u{1F4EC}` : i)),
    );
    assert.ok(batches < 20, `${batches} batches for 1000 messages of one turn`);
  });

  test(`messages that arrive before the first consumer are kept for it, ${kind}`, async (t) => {
    const [left, right] = await make(t);
    left.post('early');
    await new Promise((resolve) => setImmediate(resolve));
    const first = Promise.withResolvers<readonly (number | string)[]>();
    right.receive((batch) => first.resolve(batch));
    assert.deepEqual(await first.promise, ['early']);
  });

  test(`a new consumer replaces the earlier one, ${kind}`, async (t) => {
    const [left, right] = await make(t);
    const log: string[] = [];
    const second = Promise.withResolvers<void>();
    right.receive((batch) => {
      log.push(`first ${String(batch[0])}`);
      right.receive((later) => {
        log.push(...later.map((each) => `second ${String(each)}`));
        second.resolve();
      });
      left.post('b');
    });
    left.post('a');
    await second.promise;
    assert.deepEqual(log, ['first a', 'second b']);
  });

  test(`a channel is congested until its peer has taken the posted messages, ${kind}`, async (t) => {
    const [left, right] = await make(t);
    const count = channelWindow * 2;
    let taken = 0;
    for (let i = 0; i < count; i++) left.post(i);
    assert.equal(left.congested, true);
    const drained = Promise.withResolvers<void>();
    left.receive(() => undefined);
    left.whenDrained(drained.resolve);
    right.receive((batch) => {
      taken += batch.length;
    });
    await drained.promise;
    assert.equal(left.congested, false);
    assert.ok(taken > 0);
  });

  test(`messages posted in the turn of the close arrive before it, ${kind}`, async (t) => {
    const [left, right] = await make(t);
    const log: unknown[] = [];
    const closed = Promise.withResolvers<void>();
    left.receive(() => undefined);
    right.receive((batch) => log.push(...batch));
    right.onClosed(() => {
      log.push('closed');
      closed.resolve();
    });
    left.post('last words');
    left.close();
    await closed.promise;
    assert.deepEqual(log, ['last words', 'closed']);
  });

  test(`the peer of a closed channel is notified, ${kind}`, async (t) => {
    const [left, right] = await make(t);
    right.receive(() => undefined);
    left.receive(() => undefined);
    const closed = Promise.withResolvers<void>();
    right.onClosed(closed.resolve);
    left.close();
    await closed.promise;
  });
}

test('frames are put together wherever the stream was cut', async (t) => {
  const [left, right] = await socketPair(t);
  const frame = (batch: unknown[]) => {
    const text = Buffer.from(JSON.stringify({ taken: 0, batch }));
    const length = Buffer.alloc(4);
    length.writeUInt32BE(text.length);
    return Buffer.concat([length, text]);
  };
  const bytes = Buffer.concat([frame(['one']), frame(['two', 'three'])]);
  const channel = new SocketChannel<never, string>(right);
  const arrived: string[] = [];
  const all = Promise.withResolvers<void>();
  channel.receive((batch) => {
    arrived.push(...batch);
    if (arrived.length === 3) all.resolve();
  });
  for (const byte of bytes) {
    await new Promise<void>((resolve) => left.write(Buffer.of(byte), () => setImmediate(resolve)));
  }
  await all.promise;
  assert.deepEqual(arrived, ['one', 'two', 'three']);
});

test('a peer is told how many of its messages were taken', async (t) => {
  const [a, b] = await socketPair(t);
  const left = new SocketChannel<number, number>(a);
  const right = new SocketChannel<number, number>(b);
  let taken = 0;
  const half = Promise.withResolvers<void>();
  left.onTaken((count) => {
    taken += count;
    if (taken >= channelWindow / 2) half.resolve();
  });
  left.receive(() => undefined);
  right.receive(() => undefined);
  for (let i = 0; i < channelWindow; i++) left.post(i);
  await half.promise;
  assert.ok(taken <= channelWindow);
});

test('a peer that sends no frames loses its connection, and nothing else happens', async (t) => {
  const frame = (text: string): Buffer => {
    const bytes = Buffer.from(`    ${text}`);
    bytes.writeUInt32BE(bytes.length - 4);
    return bytes;
  };
  const good = frame('{"taken":0,"batch":["good"]}');
  for (const bad of [
    Buffer.from('GET / HTTP/1.0\r\n\r\n'),
    Buffer.alloc(4),
    frame('{}'),
    frame('null'),
    frame('{"taken":0,"batch":1}'),
    frame('[['),
  ]) {
    const [left, right] = await socketPair(t);
    const channel = new SocketChannel<never, string>(right);
    const arrived: string[] = [];
    const broken = Promise.withResolvers<string>();
    channel.onBroken(({ code }) => broken.resolve(code));
    channel.receive((batch) => arrived.push(...batch));
    const closed = once(left, 'close');
    left.on('error', () => undefined).resume();
    left.write(Buffer.concat([good, bad, good]));
    assert.equal(await broken.promise, 'CHANNEL_BROKEN');
    await closed;
    assert.deepEqual(arrived, ['good'], String(bad));
  }
});
