// A client that sends whole transactions back to back over one connection (RFC 2920, RFC 3030) while Sluice is killed or stopped:
// every message that was answered 250 is in the queue, whole, and none that the client has not sent.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ground, until } from '../../sim/neighbours/ground.ts';
import { ownProcesses, type Sluice, startSluice } from '../../sim/neighbours/sluice.ts';
import type { Status } from '../../src/control/operations/status.ts';

/** Nothing is added to it but Received. */
const body = (number: number): string =>
  `Subject: number ${number}\r\nDate: Sun, 1 Nov 2026 00:00:00 +0000\r\nMessage-ID: <${number}@client.test>\r\n\r\n${'x'.repeat(2000)}\r\n`;

/** A transaction as one group. */
function group(number: number): string {
  const content = body(number);
  return `MAIL FROM:<m${number}@client.test>\r\nRCPT TO:<b@far.test>\r\nBDAT ${content.length} LAST\r\n${content}`;
}

interface Sent {
  /** Queue ids by number, of messages that were answered 250. */
  readonly accepted: ReadonlyMap<number, string>;
  /** The answer to each message that was refused. */
  readonly refused: ReadonlyMap<number, string>;
  /** Messages that were sent whole. */
  readonly sent: number;
  /** The last line that came. */
  readonly last: string;
}

const onTheWay = 60;

/**
 * Sends messages, with 60 on the way, until the connection ends.
 * @param most - then it says QUIT
 * @param reached - called once, when 500 are accepted
 */
async function send(port: number, most: number, reached: () => void): Promise<Sent> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  socket.setEncoding('latin1');
  socket.on('error', () => undefined);
  const accepted = new Map<number, string>();
  const refused = new Map<number, string>();
  /** Whole replies; the first two are those to the connection and to EHLO. Then there are three for each message. */
  let replies = -2;
  let text = '';
  let sent = 0;
  let last = '';
  socket.write('EHLO client.test\r\n');
  socket.on('data', (piece: string) => {
    text += piece;
    const lines = text.split('\r\n');
    text = lines.pop() ?? '';
    for (const line of lines) {
      last = line;
      if (/^\d{3}-/.test(line) || ++replies <= 0 || replies % 3 !== 0) continue;
      const number = replies / 3 - 1;
      if (number >= sent) continue; // to QUIT, or at the end of the session
      const id = /^250 2\.0\.0 queued as (\S+)/.exec(line)?.[1];
      if (id === undefined) refused.set(number, line);
      else accepted.set(number, id);
      if (id !== undefined && accepted.size === 500) reached();
    }
    let groups = '';
    while (sent < most && sent - Math.max(0, Math.floor(replies / 3)) < onTheWay) {
      groups += group(sent++);
      if (sent === most) groups += 'QUIT\r\n';
    }
    if (groups !== '') socket.write(groups, 'latin1');
  });
  await new Promise((resolve) => socket.on('close', resolve));
  return { accepted, refused, sent, last };
}

/** Nothing goes out, and no name server is asked, which might know that there is no such domain. */
const config = { ...ownProcesses, deliver: { max_connections: 0 }, route: [{ relay: ['127.0.0.1:1'] }] };

/** The numbers of the messages in the queue, by queue id; each is there as it was sent. */
async function queued(ground: Ground, sluice: Sluice): Promise<Map<string, number>> {
  const folder = ground.folder('exported');
  await sluice.cli('queue', 'export', '--all', '--directory', folder);
  const found = new Map<string, number>();
  for (const file of readdirSync(folder)) {
    const text = readFileSync(join(folder, file), 'latin1');
    const number = Number(/^Subject: number (\d+)\r$/m.exec(text)?.[1]);
    assert.ok(text.endsWith(`\r\n${body(number)}`), `${file} is not as it was sent`);
    found.set(file.replace(/\.eml$/, ''), number);
  }
  return found;
}

/** @returns how many are in the queue */
async function check(ground: Ground, sluice: Sluice, { accepted, sent }: Sent): Promise<number> {
  const rows = await queued(ground, sluice);
  for (const [number, id] of accepted) assert.equal(rows.get(id), number, `${id} was accepted`);
  assert.equal(new Set(rows.values()).size, rows.size, 'no message is there twice');
  assert.ok([...rows.values()].every((number) => number < sent));
  return rows.size;
}

test('a receiver that is killed: what it has answered is in the queue, and nothing that is not whole', async (t) => {
  const ground = Ground.of(t);
  const sluice = await startSluice(ground, { config });
  const result = await send(sluice.port, Infinity, () => process.kill(sluice.pidOf('receiver'), 'SIGKILL'));
  await sluice.program.stop('SIGTERM');
  const next = await startSluice(ground, { config, directory: sluice.directory });
  const count = await check(ground, next, result);
  t.diagnostic(`${result.sent} sent, ${result.accepted.size} answered, ${count} stored`);
});

test('a stop: what is on stable storage is answered, and the client hears 421', async (t) => {
  const ground = Ground.of(t);
  const sluice = await startSluice(ground, { config });
  const stopped = Promise.withResolvers<unknown>();
  const result = await send(sluice.port, Infinity, () => stopped.resolve(sluice.program.stop('SIGTERM')));
  assert.equal(await stopped.promise, 0);
  assert.match(result.last, /^421 4\.3\.2 /);
  const next = await startSluice(ground, { config, directory: sluice.directory });
  assert.equal(await check(ground, next, result), result.accepted.size);
});

const skip = process.getuid?.() === 0 ? false : 'a file system of its own needs root';

test(
  'a disk that gets full: each message is stored and answered 250, or refused for now',
  { skip },
  async (t) => {
    const ground = Ground.of(t);
    const disk = ground.folder('disk');
    await ground.run('mount', ['-t', 'tmpfs', '-o', 'size=32m', 'tmpfs', disk]);
    ground.atEnd(async () => void (await ground.run('umount', ['-l', disk])));
    const queue = { reserve: '28MiB', segment_size: '1MiB' };
    const sluice = await startSluice(ground, { config: { ...config, spool: `${disk}/spool`, queue } });
    const result = await send(sluice.port, 5000, () => undefined);
    assert.match(result.last, /^221 /);
    assert.equal(result.accepted.size + result.refused.size, 5000);
    assert.ok(result.refused.size > 100);
    // A message that is refused at MAIL is answered 503 at BDAT (RFC 3030 2).
    const kinds = new Set([...result.refused.values()].map((line) => line.slice(0, 9)));
    assert.ok(
      [...kinds].every((kind) => kind === '452 4.3.1' || kind === '503 5.5.1'),
      [...kinds].join(', '),
    );
    await until('the manager knows all of them', async () => {
      const { messages } = await sluice.ask<Status>({ operation: 'status' });
      return messages >= result.accepted.size;
    });
    assert.equal(await check(ground, sluice, result), result.accepted.size);
  },
);
