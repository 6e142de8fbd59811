// Messages that are sent by POP3: those that are read at once and those that threads read are the same to a client, and a client that does not read
// costs no more than its buffers.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { renameSync, unlinkSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { suite, test } from 'node:test';
import { OctetCount } from '../../src/protocol/pop3/message-lines.ts';
import { Pop3Connection } from '../../src/pop3/pop3-connection.ts';
import { loggedIn, make } from './listener.ts';

function octetsOf(content: string): number {
  const count = new OctetCount();
  count.add(Buffer.from(content));
  return count.octets;
}

/** As Sluice and Dovecot name messages. */
function named(time: number, content: string, flags = ''): string {
  return `${time}.M1P1.host,S=${Buffer.byteLength(content)},W=${octetsOf(content)}${flags}`;
}

const contents = [
  'Subject: dots\n\n.\n..two\nthree\n.',
  'Subject: no body\n\n',
  'Subject: returns\r\n\r\nbody\r\n\r\n.\r\n',
  'Subject: bytes\n\nUmläute\r in a line\n',
  `Subject: long\n\n${'a line of 32 KiB and more\n'.repeat(1400)}`,
];

suite('a message', () => {
  test('is the same by RETR and TOP whether its name tells its size or not', async (t) => {
    const { port, folder } = await make(t);
    for (const [index, content] of contents.entries()) {
      writeFileSync(join(folder, 'new', named(10 + index, content)), content);
      writeFileSync(join(folder, 'new', `${20 + index}.b`), content);
    }
    const client = await loggedIn(port);
    // So that the answers to RETR tell all sizes.
    await client.say('STAT');
    const answersTo = async (command: (number: number) => string): Promise<string[]> => {
      const answers: string[] = [];
      for (let number = 3; number < 3 + 2 * contents.length; number++) {
        client.socket.write(`${command(number)}\r\n`);
        answers.push(await client.until('\r\n.\r\n'));
      }
      return answers;
    };
    for (const command of [
      (number: number) => `RETR ${number}`,
      (number: number) => `TOP ${number} 0`,
      (number: number) => `TOP ${number} 2`,
    ]) {
      const answers = await answersTo(command);
      assert.deepEqual(answers.slice(0, contents.length), answers.slice(contents.length));
    }
  });

  test('is sent in its turn where many are asked for in advance', async (t) => {
    const { port, folder } = await make(t);
    const count = 300;
    for (let number = 1; number <= count; number++) {
      const content = `Subject: ${number}\n\nbody\n`;
      writeFileSync(join(folder, 'new', named(100 + number, content)), content);
    }
    const client = await loggedIn(port);
    const numbers = Array.from({ length: count }, (_, index) => index + 1);
    client.socket.write(numbers.map((number) => `RETR ${number + 2}\r\n`).join(''));
    for (const number of numbers)
      assert.match(
        await client.until('\r\n.\r\n'),
        new RegExp(`^\\+OK \\d+ octets\r\nSubject: ${number}\r\n`, 'u'),
      );
  });

  test('whose file has another length than its name tells is sent as it is', async (t) => {
    const { port, folder } = await make(t);
    writeFileSync(join(folder, 'new/10.M1P1.host,S=5,W=6'), 'Subject: more\n\nbody\n');
    writeFileSync(join(folder, 'new/11.M1P1.host,S=500,W=510'), 'Subject: less\n\n');
    const client = await loggedIn(port);
    client.socket.write('RETR 3\r\nRETR 4\r\n');
    assert.match(await client.until('\r\n.\r\n'), /\r\nSubject: more\r\n\r\nbody\r\n\.\r\n$/u);
    assert.match(await client.until('\r\n.\r\n'), /\r\nSubject: less\r\n\r\n\.\r\n$/u);
  });

  test('that was moved is found, and one that is gone is said to be', async (t) => {
    const { port, folder } = await make(t);
    const [moved, gone] = ['Subject: moved\n\n', 'Subject: gone\n\n'];
    writeFileSync(join(folder, 'new', named(10, moved)), moved);
    writeFileSync(join(folder, 'new', named(11, gone)), gone);
    const client = await loggedIn(port);
    renameSync(join(folder, 'new', named(10, moved)), join(folder, 'cur', named(10, moved, ':2,S')));
    unlinkSync(join(folder, 'new', named(11, gone)));
    client.socket.write('RETR 3\r\n');
    assert.match(await client.until('\r\n.\r\n'), /Subject: moved/u);
    assert.equal(await client.say('RETR 4'), '-ERR Message 4 is not there any more\r\n');
  });
});

/** The socket of a client that takes one piece at a time, slowly. */
class SlowSocket extends Duplex {
  /** The most bytes that ever waited for the client. */
  mostWaiting = 0;
  taken = 0;

  override _read(): void {
    // The test pushes what the client sends.
  }

  override _write(chunk: Buffer, _encoding: string, callback: () => void): void {
    this.mostWaiting = Math.max(this.mostWaiting, this.writableLength);
    this.taken += chunk.length;
    setImmediate(callback);
  }
}

test('for a client that reads slowly, little waits, whatever it asks for', async (t) => {
  const { folder, context, events, mailboxes } = await make(t);
  const small = `Subject: small\n\n${'.line\n'.repeat(5000)}`;
  writeFileSync(join(folder, 'new', named(10, small)), small);
  const large = `Subject: large\n\n${'.line\n'.repeat(200_000)}`;
  writeFileSync(join(folder, 'new', named(11, large)), large);
  const socket = new SlowSocket();
  const connection = new Pop3Connection(context, socket as unknown as Socket, '127.0.0.1', () => undefined);
  connection.start();
  socket.push('USER joe@box.test\r\nPASS secret\r\n');
  // With 4 KiB of commands that wait, no more are read.
  socket.push(`${'RETR 3\r\n'.repeat(200)}${'RETR 4\r\n'.repeat(3)}QUIT\r\n`);
  await once(socket, 'close');
  await mailboxes.closed();
  const ended = events.find(({ event }) => event === 'pop3Session');
  assert.deepEqual([ended?.['retrieved'], ended?.['reason']], [203, undefined]);
  assert.ok(socket.taken > 200 * small.length + 3 * large.length);
  // 64 KiB, and what a piece of 32 KiB of the shortest lines with dots becomes.
  assert.ok(socket.mostWaiting <= (64 + 2 * 32 + 1) * 1024, `${socket.mostWaiting} bytes waited`);
});
