// Statistics of Sluice as a program: what happened is counted, and no counter goes back when its processes are killed.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { freePort, Ground, until } from '../../sim/neighbours/ground.ts';
import { ownProcesses, startSluice } from '../../sim/neighbours/sluice.ts';
import { destination, send } from '../interop/mail.ts';
import { readSamples, valueOf } from '../statistics/samples.ts';

for (const [name, processes] of [
  ['each role in a process of its own', ownProcesses],
  ['all roles in one process', { processes: { single_process: true } }],
] as const) {
  test(`Prometheus scrapes what was received and delivered: ${name}`, async (t) => {
    const ground = Ground.of(t);
    const mx = await destination(ground);
    const port = await freePort();
    const config = { ...processes, route: [{ relay: [`127.0.0.1:${mx.port}`] }] };
    const sluice = await startSluice(ground, { config });
    sluice.configure({ ...config, statistics: { prometheus: `127.0.0.1:${port}` } });
    await sluice.cli('reload');
    const scrape = async (): Promise<string> => (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    assert.equal(valueOf(await scrape(), 'sluice_events_total', { event: 'delivered' }), 0);
    await send(sluice.port, { from: 'a@client.test', to: ['b@far.test', 'c@far.test'], content: 'x\r\n' });
    const text = await until('both are counted', async () => {
      const now = await scrape();
      const isCounted =
        valueOf(now, 'sluice_events_total', { event: 'delivered' }) === 2 &&
        valueOf(now, 'sluice_time_to_delivery_seconds_count') === 2;
      return isCounted ? now : undefined;
    });
    assert.equal(valueOf(text, 'sluice_events_total', { event: 'received' }), 1);
    assert.equal(valueOf(text, 'sluice_queue_messages'), 0);
    sluice.configure(config);
    await sluice.cli('reload');
    await assert.rejects(scrape);
    assert.equal(await sluice.program.stop('SIGTERM'), 0);
  });
}

test('no counter goes back when processes are killed, the control process neither', async (t) => {
  const ground = Ground.of(t);
  const mx = await destination(ground);
  const port = await freePort();
  const sluice = await startSluice(ground, {
    config: {
      ...ownProcesses,
      route: [{ relay: [`127.0.0.1:${mx.port}`] }],
      statistics: { prometheus: `127.0.0.1:${port}` },
    },
  });
  const scrape = async (): Promise<string | undefined> => {
    try {
      return await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    } catch {
      return undefined; // the control process is being started again
    }
  };
  const whenDelivered = (count: number): Promise<string> =>
    until(`${count} are counted`, async () => {
      const text = await scrape();
      const isCounted =
        text !== undefined &&
        valueOf(text, 'sluice_events_total', { event: 'delivered' }) === count &&
        valueOf(text, 'sluice_time_to_delivery_seconds_count') === count;
      return isCounted ? text : undefined;
    });
  let delivered = 0;
  let before = '';
  for (const role of ['sender', 'manager', 'control'] as const) {
    await send(sluice.port, { from: 'a@client.test', to: ['b@far.test'], content: 'x\r\n' });
    const text = await whenDelivered(++delivered);
    for (const { name, labels, value } of readSamples(before))
      if (/_(total|bucket|sum|count)$/u.test(name)) assert.ok(valueOf(text, name, labels) >= value, name);
    before = text;
    const restarts = sluice.events().length;
    process.kill(sluice.pidOf(role), 'SIGKILL');
    await until(`the ${role} comes back`, () =>
      sluice
        .events()
        .slice(restarts)
        .some(({ msg }) => msg === `the ${role} process runs again`),
    );
    await whenDelivered(delivered);
  }
  assert.equal(await sluice.program.stop('SIGTERM'), 0);
});

test('a StatsD server hears of a delivery', async (t) => {
  const ground = Ground.of(t);
  const mx = await destination(ground);
  const server = createSocket('udp4').bind(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  let heard = '';
  server.on('message', (datagram) => (heard += `${String(datagram)}\n`));
  const sluice = await startSluice(ground, {
    config: {
      ...ownProcesses,
      route: [{ relay: [`127.0.0.1:${mx.port}`] }],
      statistics: {
        statsd: `127.0.0.1:${server.address().port}`,
        statsd_prefix: 'mail.mx1',
        statsd_every: '1s',
      },
    },
  });
  await until('gauges come', () => heard.includes('mail.mx1.queue_messages:0|g\n'));
  await send(sluice.port, { from: 'a@client.test', to: ['b@far.test'], content: 'x\r\n' });
  await until('the delivery comes', () => heard.includes('mail.mx1.events_total.delivered:1|c\n'));
  assert.equal(await sluice.program.stop('SIGTERM'), 0);
});
