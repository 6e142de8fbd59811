// Large messages on their way out: back-pressure, timeouts, and content that cannot be read to its end.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { SpoolError } from '../../src/spool/spool-error.ts';
import type { Peer } from './mail-server.ts';
import { type Fixture, fixture, timeouts, turns } from './fixture.ts';

const line = `.${'x'.repeat(4_093)}\r\n`;
const piece = Buffer.from(line.repeat(16));
const stuffed = Buffer.from(`.${line}`.repeat(16));
const mebibyte = 1024 * 1024;
/** More than the kernel keeps for one connection on loopback. */
const totalBytes = 48 * mebibyte;

/** Content that notes how far it was read, and when it was put away. */
function largeContent(sizeBytes = totalBytes) {
  const content = {
    readBytes: 0,
    over: false,
    onRead: () => {},
    failAtBytes: Infinity,
    failure: new Error('the disk is gone'),
    async *pieces(): AsyncGenerator<Uint8Array> {
      try {
        while (content.readBytes < sizeBytes) {
          if (content.readBytes >= content.failAtBytes) throw content.failure;
          content.readBytes += piece.length;
          content.onRead();
          yield piece;
        }
      } finally {
        content.over = true;
        content.onRead();
      }
    },
  };
  return content;
}

type Content = ReturnType<typeof largeContent>;

/** Grants the message; the server asks for it, and reads nothing of it. */
async function begin({ server, spool, connect, reports }: Fixture, content: Content): Promise<Peer> {
  connect(spool.add({ to: ['b@to.test'], pieces: content.pieces, sizeBytes: totalBytes }));
  const peer = await server.accept();
  await peer.hello();
  await reports.next();
  await peer.dialogue(['MAIL FROM:<a@from.test>', '250 ok'], ['RCPT TO:<b@to.test>', '250 ok'], ['DATA']);
  peer.socket.pause();
  peer.keeps = false;
  peer.say('354 go');
  return peer;
}

/** Until the sender reads no further: nothing was read in many turns of the loop. */
async function blocked(content: Content): Promise<void> {
  await new Promise<void>((resolve) => {
    content.onRead = resolve;
  });
  for (let before = -1; before !== content.readBytes;) {
    before = content.readBytes;
    await turns(100);
  }
}

test('a large message is read no faster than a slow server takes it', async (t) => {
  const all = await fixture(t);
  const { reports } = all;
  const content = largeContent();
  const peer = await begin(all, content);
  await blocked(content);
  let most = content.readBytes;
  assert.ok(most < totalBytes / 2, `${most} bytes were read for a server that takes nothing`);
  const got = createHash('sha256');
  const whole = Promise.withResolvers<void>();
  let bytes = 0;
  peer.socket.on('data', (chunk: Buffer) => {
    got.update(chunk);
    bytes += chunk.length;
    most = Math.max(most, content.readBytes - bytes);
    // One read a turn.
    peer.socket.pause();
    setImmediate(() => peer.socket.resume());
    if (bytes === (totalBytes / piece.length) * stuffed.length + 3) whole.resolve();
  });
  peer.socket.resume();
  await whole.promise;
  assert.ok(most < totalBytes / 2, `${most} bytes were under way at one time`);
  peer.say('250 taken');
  assert.deepEqual(await reports.next(), {
    kind: 'done',
    connection: 1,
    results: [{ recipient: 0, result: 'delivered' }],
    reusable: true,
  });
  const expected = createHash('sha256');
  for (let at = 0; at < totalBytes; at += piece.length) expected.update(stuffed);
  assert.equal(got.digest('hex'), expected.update('.\r\n').digest('hex'));
});

test('a server that takes nothing more is given up after the time for a block, and nothing stays open', async (t) => {
  const all = await fixture(t);
  const { reports, advance } = all;
  const content = largeContent();
  const peer = await begin(all, content);
  await blocked(content);
  advance(timeouts.blockMs - 1_000);
  assert.equal(reports.all.length, 1);
  advance(2_000);
  assert.deepEqual(await reports.next(), {
    kind: 'done',
    connection: 1,
    results: [
      {
        recipient: 0,
        result: 'tempfail',
        error: 'timed out while sending the content',
        address: 'b@to.test',
        host: 'mx.test',
        remote: '127.0.0.1',
      },
    ],
    reusable: false,
  });
  assert.deepEqual(await reports.next(), { kind: 'closed', connection: 1, report: { kind: 'closed' } });
  await ended(content);
  // The server reads on: what was under way, and then the end.
  const before = content.readBytes;
  peer.socket.resume();
  await peer.closed;
  assert.equal(content.readBytes, before);
  assert.ok(peer.receivedBytes < totalBytes);
});

async function ended(content: Content): Promise<void> {
  while (!content.over) {
    await new Promise<void>((resolve) => {
      content.onRead = resolve;
    });
  }
}

test('every block that the server takes gives it the whole time again', async (t) => {
  const all = await fixture(t);
  const { reports, advance } = all;
  const content = largeContent();
  const peer = await begin(all, content);
  await blocked(content);
  for (let i = 0; i < 3; i++) {
    advance(timeouts.blockMs - 1_000);
    const before = content.readBytes;
    peer.socket.resume();
    while (content.readBytes < before + mebibyte) {
      await new Promise<void>((resolve) => {
        content.onRead = resolve;
      });
    }
    peer.socket.pause();
    await turns(5);
  }
  assert.equal(reports.all.length, 1);
});

for (const how of ['end', 'reset'] as const) {
  test(`a server that goes (${how}) in the middle of the content leaves nothing open`, async (t) => {
    const all = await fixture(t);
    const { reports } = all;
    const content = largeContent();
    const peer = await begin(all, content);
    await blocked(content);
    peer[how]();
    const done = await reports.next();
    assert.ok(done.kind === 'done');
    assert.deepEqual(
      done.results.map(({ recipient, result }) => [recipient, result]),
      [[0, 'tempfail']],
    );
    assert.match(done.results[0]!.error ?? '', /^connection lost while sending the content: /u);
    assert.deepEqual(await reports.next(), { kind: 'closed', connection: 1, report: { kind: 'closed' } });
    await ended(content);
    assert.ok(content.readBytes < totalBytes);
  });
}

test('a refusal in the middle of the content ends the transaction at once', async (t) => {
  const all = await fixture(t);
  const { reports } = all;
  const content = largeContent();
  const peer = await begin(all, content);
  await blocked(content);
  peer.say('552 5.3.4 too large');
  assert.deepEqual(await reports.next(), {
    kind: 'done',
    connection: 1,
    results: [
      {
        recipient: 0,
        result: 'permfail',
        error: '552 5.3.4 too large (in reply to content)',
        address: 'b@to.test',
        host: 'mx.test',
        remote: '127.0.0.1',
      },
    ],
    reusable: false,
  });
  assert.deepEqual(await reports.next(), { kind: 'closed', connection: 1, report: { kind: 'closed' } });
  await ended(content);
});

test('content that cannot be read to its end is never ended with a dot', async (t) => {
  const all = await fixture(t);
  const { reports } = all;
  const content = largeContent();
  content.failAtBytes = 3 * piece.length;
  const peer = await begin(all, content);
  peer.keeps = true;
  peer.socket.resume();
  const error = 'the content could not be read: the disk is gone';
  // Another attempt may go better: no word of damage.
  assert.deepEqual(await reports.next(), {
    kind: 'done',
    connection: 1,
    results: [
      { recipient: 0, result: 'tempfail', error, address: 'b@to.test', host: 'mx.test', remote: '127.0.0.1' },
    ],
    reusable: false,
  });
  assert.deepEqual(await reports.next(), { kind: 'closed', connection: 1, report: { kind: 'closed' } });
  await peer.closed;
  assert.equal(peer.received.indexOf('\r\n.\r\n'), -1);
});

test('large content that is found to be damaged at its end is reported as damaged', async (t) => {
  const all = await fixture(t);
  const content = largeContent();
  content.failAtBytes = 3 * piece.length;
  content.failure = new SpoolError('SPOOL_CORRUPT', 'the checksum does not hold');
  const peer = await begin(all, content);
  peer.keeps = true;
  peer.socket.resume();
  const report = await all.reports.next();
  assert.ok(report.kind === 'done');
  assert.deepEqual(
    report.results.map(({ result, error, by }) => [result, error, by]),
    [['tempfail', '451 4.3.0 the stored message is damaged: the checksum does not hold', 'damage']],
  );
  await peer.closed;
  assert.equal(peer.received.indexOf('\r\n.\r\n'), -1);
});
