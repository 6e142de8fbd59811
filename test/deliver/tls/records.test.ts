// Content under TLS: few records, however many lines begin with a dot, and no faster than the server reads.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MessageOptions } from '../memory-reader.ts';
import type { Peer } from '../mail-server.ts';
import { turns, type Fixture } from '../fixture.ts';
import { helloAgain, leaves, policy, startTls, tlsFixture } from './policies.ts';

/** Content of about so many bytes, with a dot at the start of each line. */
const dotted = (bytes: number): string => `Subject: x\r\n\r\n${'.a line\r\n'.repeat(bytes / 9)}`;

/** A connection under TLS that is about to send this content. */
async function atData({ server, spool, connect }: Fixture, content: Partial<MessageOptions>): Promise<Peer> {
  connect(spool.add({ to: ['b@to.test'], ...content }), 1, server.port, '', policy('required'));
  const peer = await server.accept();
  await startTls(peer);
  await peer.underTls({ cert: leaves.good.chain, key: leaves.good.key });
  await helloAgain(peer);
  await peer.dialogue(['MAIL FROM:<a@from.test>', '250 ok'], ['RCPT TO:<b@to.test>', '250 ok'], ['DATA']);
  return peer;
}

for (const [what, bytes, mostRecords] of [
  ['4 KiB', 4_000, 1],
  ['40 KiB', 40_000, 4],
] as const) {
  test(`content of ${what} is at most ${mostRecords} records`, async (t) => {
    const content = dotted(bytes);
    const peer = await atData(await tlsFixture(t), { content });
    let records = 0;
    // TLS hands over the content of one record at a time.
    peer.socket.on('data', () => records++);
    peer.say('354 go');
    const received = await peer.content();
    assert.equal(received, `${content.replaceAll('\r\n.', '\r\n..')}.\r\n`);
    assert.ok(records <= mostRecords, `${records} records`);
  });
}

test('a large message is read from the spool no faster than the server reads, and a piece is few records', async (t) => {
  const piece = Buffer.from('.a line\r\n'.repeat(7_000));
  const all = 800;
  let read = 0;
  async function* pieces(): AsyncGenerator<Uint8Array> {
    while (read < all) {
      read++;
      yield piece;
    }
  }
  const peer = await atData(await tlsFixture(t), { pieces, sizeBytes: all * piece.length });
  peer.keeps = false;
  let records = 0;
  peer.socket.on('data', () => records++);
  peer.socket.pause();
  peer.say('354 go');
  for (let before = -1; before < read;) {
    before = read;
    await turns(200);
  }
  assert.ok(read < all / 2, `${read} of ${all} pieces were read for a server that reads nothing`);
  const isTaken = new Promise<void>((resolve) => {
    peer.socket.on('data', () => {
      if (read === all) resolve();
    });
  });
  peer.socket.resume();
  await isTaken;
  assert.ok(records < all * 8, `${records} records`);
});
