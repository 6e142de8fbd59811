// Servers that stop in the middle of a handshake, at any byte of what they would say: each connection ends once, nothing is sent
// in clear where TLS is demanded, and nothing is left behind.

import assert from 'node:assert/strict';
import { duplexPair } from 'node:stream';
import { test } from 'node:test';
import { createSecureContext, TLSSocket } from 'node:tls';
import fc from 'fast-check';
import { classicForMs } from '../../../src/deliver/tls/broken-handshakes.ts';
import type { Peer } from '../mail-server.ts';
import { turns, type Report } from '../fixture.ts';
import { leaves, policy, tlsFixture } from './policies.ts';

const { chain: cert, key } = leaves.good;
const versions = {
  'TLSv1.2': createSecureContext({ cert, key, maxVersion: 'TLSv1.2' }),
  'TLSv1.3': createSecureContext({ cert, key, minVersion: 'TLSv1.3' }),
} as const;

interface Cut {
  readonly version: keyof typeof versions;
  /** Bytes of TLS that the server sends before it stops. */
  readonly bytes: number;
  readonly how: 'end' | 'reset';
}

const cuts = fc.record({
  version: fc.constantFrom('TLSv1.2', 'TLSv1.3'),
  bytes: fc.integer({ min: 0, max: 1_400 }),
  how: fc.constantFrom('end', 'reset'),
}) satisfies fc.Arbitrary<Cut>;

/** Is the server of a handshake until so many bytes are sent, or until the handshake is through. */
async function cutTls(peer: Peer, { version, bytes, how }: Cut): Promise<void> {
  const [near, far] = duplexPair();
  const tls = new TLSSocket(near, { isServer: true, secureContext: versions[version] });
  tls.on('error', () => undefined);
  let left = bytes;
  const over = Promise.withResolvers<void>();
  far.on('data', (piece: Buffer) => {
    peer.socket.write(piece.subarray(0, left));
    left -= Math.min(left, piece.length);
    if (left === 0) over.resolve();
  });
  peer.socket.on('data', (piece: Buffer) => {
    far.write(piece);
    if (left === 0) over.resolve();
  });
  tls.on('secure', () => over.resolve());
  peer.socket.on('close', () => over.resolve());
  await over.promise;
  peer[how]();
  tls.destroy();
}

const socketsOpen = (): number =>
  process.getActiveResourcesInfo().filter((name) => /TCPSOCKET|TLS/i.test(name)).length;

for (const level of ['verified', 'opportunistic'] as const) {
  test(`handshakes that stop at any byte leave nothing behind (${level})`, { timeout: 60_000 }, async (t) => {
    const all = await tlsFixture(t);
    const { server, sender, spool, reports, connect } = all;
    const before = socketsOpen();
    let connection = 0;
    await fc.assert(
      fc.asyncProperty(cuts, async (cut) => {
        const id = ++connection;
        // What was remembered of the run before is forgotten.
        all.advance(classicForMs);
        const ended = Promise.withResolvers<void>();
        const mine: Report[] = [];
        reports.onReport = (report) => {
          mine.push(report);
          if (report.kind === 'done') sender.close(id);
          if (report.kind === 'closed') ended.resolve();
        };
        connect(
          spool.add({ to: ['b@to.test'] }),
          id,
          server.port,
          '',
          policy(level, { names: [`mx${id}.test`] }),
        );
        let isOver = false;
        void ended.promise.then(() => (isOver = true));
        let opened = 0;
        let clear = 0;
        while (!isOver) {
          const peer = await Promise.race([server.accept(), ended.promise]);
          if (peer === undefined) break;
          opened++;
          peer.say('220 mx.test');
          await peer.line();
          peer.say('250-mx.test', '250 STARTTLS');
          const command = await peer.line();
          if (command !== 'STARTTLS') {
            clear++;
            assert.equal(level, 'opportunistic', `${command} in clear`);
            peer.reset();
          } else {
            peer.say('220 go');
            await cutTls(peer, cut);
          }
          await turns(1);
        }
        assert.equal(mine.at(-1)?.kind, 'closed');
        assert.equal(mine.filter(({ kind }) => kind === 'closed').length, 1);
        assert.ok(opened <= 3, `${opened} connections`);
        if (level === 'verified') assert.equal(clear, 0);
        assert.equal(sender.connections, 0);
      }),
      { numRuns: 150 },
    );
    await turns(20);
    assert.ok(socketsOpen() <= before + 1, `${socketsOpen()} sockets are open, ${before} before`);
  });
}
