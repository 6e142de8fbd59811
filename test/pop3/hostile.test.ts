// Hostile bytes over whole connections, with a Maildir behind them: however they are cut and however many commands come in advance, the answers are the
// same, the connection ends, and the mailbox is free again with all of its messages.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { Pop3Connection } from '../../src/pop3/pop3-connection.ts';
import { make } from './listener.ts';

/** A client that takes all that comes. */
class ClientEnd extends Duplex {
  readonly #pieces: Buffer[] = [];

  get text(): string {
    return Buffer.concat(this.#pieces).toString('latin1');
  }

  override _read(): void {
    // The test pushes what the client sends.
  }

  override _write(chunk: Buffer, _encoding: string, callback: () => void): void {
    this.#pieces.push(Buffer.from(chunk));
    callback();
  }
}

const command = fc.constantFrom(
  'USER joe',
  'PASS secret',
  'PASS wrong',
  'AUTH PLAIN AGpvZQBzZWNyZXQ=',
  'AUTH LOGIN',
  'am9l',
  '*',
  'CAPA',
  'STAT',
  'LIST',
  'UIDL 3',
  'RETR 1',
  'RETR 3',
  'RETR 4',
  'TOP 4 1',
  'RETR 99999999999999999999',
  'TOP 1 -1',
  'LAST',
  'RSET',
  'QUIT',
  'X'.repeat(13_000),
);
const hostile = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(command, fc.constantFrom('\r\n', '\n')).map((words) => Buffer.from(words.join(''))),
  },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 50 }).map((bytes) => Buffer.from(bytes)) },
);

test('hostile bytes over a connection are answered alike however they are cut, and remove nothing', async (t) => {
  const { context, folder, mailboxes } = await make(t);
  const content = `Subject: three\n\n${'.line\n'.repeat(50)}`;
  writeFileSync(join(folder, `cur/3.M1P1.host,S=${content.length},W=${content.length + 52}:2,S`), content);
  writeFileSync(join(folder, 'cur/4.M1P1.host:2,S'), `Subject: four\n\n${'x'.repeat(40_000)}`);
  // Those that are new become seen, and are then in `cur`: that is no change that counts here.
  const settings = { ...context.settings, marksSeen: false };
  const talk = async (chunks: readonly Buffer[]): Promise<string> => {
    const client = new ClientEnd();
    const closed = once(client, 'close');
    const connection = new Pop3Connection(
      { ...context, settings },
      client as unknown as Socket,
      '127.0.0.1',
      () => undefined,
    );
    connection.start();
    for (const chunk of chunks) client.push(chunk);
    client.push(null);
    await closed;
    await mailboxes.closed();
    return client.text;
  };
  await fc.assert(
    fc.asyncProperty(
      fc.array(hostile, { maxLength: 40 }),
      fc.boolean(),
      fc.array(fc.nat(), { maxLength: 10 }),
      async (pieces, isIn, places) => {
        const bytes = Buffer.concat([
          ...(isIn ? [Buffer.from('USER joe\r\nPASS secret\r\n')] : []),
          ...pieces,
        ]);
        const cuts = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
        const whole = await talk([bytes]);
        const inPieces = await talk(
          [0, ...cuts].map((from, index) => bytes.subarray(from, cuts[index] ?? bytes.length)),
        );
        assert.equal(inPieces, whole);
        assert.match(whole, /^\+OK .*\r\n/u);
        assert.ok(!/(?<!\r)\n/u.test(whole));
        assert.equal(mailboxes.messages, 0);
        assert.ok(!existsSync(join(folder, 'sluice-pop3.lock')));
      },
    ),
    { numRuns: 150 },
  );
  assert.deepEqual(
    [readdirSync(join(folder, 'new')).length, readdirSync(join(folder, 'cur')).length],
    [2, 2],
  );
});
