// The queue quota of a tenant with Sluice as a program: exact over both receivers, right after a restart, and changed by a reload.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ground, until } from '../../sim/neighbours/ground.ts';
import { startSluice, type SluiceConfig } from '../../sim/neighbours/sluice.ts';
import { send as sendMail } from '../interop/mail.ts';

test('a tenant has no more mail in the queue than its quota says, also after a restart', async (t) => {
  const ground = Ground.of(t);
  const config = (most: number): SluiceConfig => ({
    receive: { relay_networks: ['127.0.0.0/8'] },
    deliver: { max_connections: 0 },
    // Nothing is looked up: a domain that is not there would end its mail, and make room.
    route: [{ relay: ['127.0.0.1:9'] }],
    queue: { tenant_max_size: '1MiB' },
    tenant: [{ name: 'shop', sender: ['shop.example'], queue_max_messages: most }],
    processes: { receivers: 2 },
  });
  const sluice = await startSluice(ground, { config: config(3) });
  const send = async (port: number, from: string): Promise<string> => {
    const replies = await sendMail(port, { from, to: ['a@far.test'], content: 'Subject: x\r\n\r\nhi\r\n' });
    return replies.find((reply) => /^[45]/.test(reply)) ?? replies.at(-1) ?? '';
  };
  const replies = await Promise.all(
    Array.from({ length: 8 }, (_, at) => send(sluice.port, `${at}@shop.example`)),
  );
  const refused = (most: number): string =>
    `452 4.3.1 Too much of your mail waits here already: ${most} messages may, try again later`;
  assert.deepEqual(
    replies.filter((reply) => !reply.startsWith('250 ')).toSorted(),
    Array(5).fill(refused(3)),
  );
  assert.match(await send(sluice.port, 'a@else.example'), /^250 /);
  await until('the trouble is told', async () => {
    const status = await sluice.cli('status');
    return /^Warning +The queue of tenant shop is full: 3 messages may wait\./m.test(status);
  });
  assert.match(
    await sluice.cli('status'),
    /^Quotas {7}tenant shop: 3 of 3 messages, [\d.]+ K?i?B of 1\.0 MiB$/m,
  );
  const { counters } = JSON.parse(await sluice.cli('status', '--json')) as {
    counters: Record<string, number>;
  };
  assert.equal(counters['queueFull'], 5);
  sluice.configure(config(4));
  await sluice.cli('reload');
  assert.match(await send(sluice.port, 'x@shop.example'), /^250 /);
  assert.equal(await send(sluice.port, 'y@shop.example'), refused(4));
  assert.equal(await sluice.program.stop('SIGTERM'), 0);

  const again = await startSluice(ground, { config: config(4), directory: sluice.directory });
  assert.equal(await send(again.port, 'y@shop.example'), refused(4));
  assert.match(await again.cli('queue', 'remove', '--sender', 'x@shop.example'), /1 recipient/);
  assert.match(await send(again.port, 'y@shop.example'), /^250 /);
});
