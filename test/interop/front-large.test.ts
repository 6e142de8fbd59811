// A message that is larger than the memory it may take streams through a front end to a central server that is slower than the client.
// MIB=1024 node --test test/interop/front-large.test.ts sends 1 GiB.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { test } from 'node:test';
import { startSlowServer } from '../../sim/mx/slow-server.ts';
import { Ground } from '../../sim/neighbours/ground.ts';
import { ownProcesses, startSluice } from '../../sim/neighbours/sluice.ts';

/** The first one fills buffers and V8's heap. The second one is larger by three times what it may take more: it fails where content is kept. */
const firstMib = 48;
const mib = Number(process.env.MIB ?? firstMib + 192);
const mostMib = 64;

const line = Buffer.from(`${'x'.repeat(1022)}\r\n`);
const piece = Buffer.concat(Array.from({ length: 64 }, () => line));
const header = 'From: <a@client.test>\r\nTo: <b@far.test>\r\nSubject: large\r\n\r\n';

/** The most memory that a process had at any time. */
function peakMib(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB/mu.exec(status)?.[1]) / 1024;
}

test(
  `a message of ${mib} MiB takes less than ${mostMib} MiB more than one of ${firstMib} MiB`,
  { skip: process.platform !== 'linux' && 'memory is read from /proc' },
  async (t) => {
    const ground = Ground.of(t);
    const server = await startSlowServer();
    ground.atEnd(server.close);
    const front = await startSluice(ground, {
      config: {
        ...ownProcesses,
        receive: { relay_domains: ['far.test'], max_message_size: '2GiB' },
        front: { servers: [`smtp://127.0.0.1:${server.port}`], tell_client: 'none' },
      },
    });
    const socket = connect({ port: front.port, host: '127.0.0.1' }).setEncoding('latin1');
    ground.atEnd(() => void socket.destroy());
    const said = async (text: string): Promise<string> => {
      if (text !== '') socket.write(text);
      for (let heard = ''; ;) {
        heard += String((await once(socket, 'data'))[0]);
        if (/^\d{3}(?: .*)?\r\n/mu.test(heard)) return heard;
      }
    };
    await said('');
    await said('EHLO client.test\r\n');
    const message = async (sizeMib: number): Promise<void> => {
      await said('MAIL FROM:<a@client.test>\r\n');
      await said('RCPT TO:<b@far.test>\r\n');
      assert.match(await said('DATA\r\n'), /^354/u);
      socket.write(header);
      for (let sent = 0; sent < sizeMib * 16; sent++) if (!socket.write(piece)) await once(socket, 'drain');
      assert.match(await said('.\r\n'), /^250/u);
    };
    const receiver = front.pidOf('receiver');
    const idle = peakMib(receiver);
    await message(firstMib);
    const first = peakMib(receiver);
    await message(mib);
    const most = peakMib(receiver) - first;
    assert.ok(server.bytes() > (firstMib + mib) * 1024 * 1024);
    t.diagnostic(
      `receiver: at most ${idle.toFixed(0)} MiB when idle, ${first.toFixed(0)} after ${firstMib} MiB, ${(first + most).toFixed(0)} after ${mib} MiB`,
    );
    assert.ok(most < mostMib, `${most} MiB`);
  },
);
