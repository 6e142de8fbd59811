// Mail that a route holds, with a running Sluice: released by its id or by the route, it goes on, also after a crash; other mail of the route waits.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freePort, Ground, until } from '../../sim/neighbours/ground.ts';
import { type Sluice, startSluice } from '../../sim/neighbours/sluice.ts';
import type { JobReport } from '../../src/control/operations/queue-change.ts';
import type { QueueFilter } from '../../src/control/queue-row.ts';
import { destination, send } from '../interop/mail.ts';

const hold = { name: 'migration', domain: ['held.test'], hold: 'until the new server is there' };

async function handIn(sluice: Sluice, to: string): Promise<string> {
  const content = 'Subject: x\r\n\r\nHello\r\n';
  const replies = await send(sluice.port, { from: 'a@client.test', to: [to], content });
  const [, id = ''] = /^250 .*\b([0-9A-Z]{15})\b/u.exec(replies.at(-1) ?? '') ?? [];
  assert.notEqual(id, '');
  // A moment after the reply.
  await until('the manager knows it', async () => (await releasedBy(sluice, { ids: [id] }, true)) === 1);
  return id;
}

async function releasedBy(sluice: Sluice, filter: QueueFilter, dryRun = false): Promise<number> {
  const request = { operation: 'queue.change', action: 'release', filter, dryRun } as const;
  return (await sluice.ask<JobReport>(request)).recipients;
}

test('what is released goes by the route behind, also after a crash, and what is not waits', async (t) => {
  const ground = Ground.of(t);
  const mx = await destination(ground);
  const relayTo = (port: number) => ({ route: [hold, { name: 'out', relay: [`127.0.0.1:${port}`] }] });
  const first = await startSluice(ground, { config: relayTo(await freePort()) });
  const released = await handIn(first, 'released@held.test');
  const waiting = await handIn(first, 'waiting@held.test');
  const later = await handIn(first, 'later@held.test');

  // Only who names the message or the route means its hold.
  assert.equal(await releasedBy(first, {}), 0);
  assert.equal(await releasedBy(first, { domain: 'held.test' }), 0);
  assert.equal(await releasedBy(first, { ids: [released] }, true), 1);
  assert.match(await first.cli('queue', 'release', released), /^1 recipient released/);
  assert.equal(await releasedBy(first, { ids: [released] }), 0);
  assert.match(
    await first.cli('queue', 'show', released),
    /released from a route that holds mail, and takes the route "out"/,
  );
  assert.match(await first.cli('queue', 'list', '--route', 'migration'), /^2 recipients$/m);
  await first.logged('deferred');
  const told = await first.logged('released');
  assert.deepEqual(
    told.map(({ id, route }) => [id, route]),
    [[released, 'migration']],
  );

  for (const pid of first.pids()) process.kill(pid, 'SIGKILL');
  await until('it has ended', () => !first.program.isRunning);
  const { directory } = first;
  const next = await startSluice(ground, { directory, config: relayTo(mx.port) });
  await next.cli('queue', 'retry', '--all');
  const arrived = () => mx.messages.flatMap(({ recipients }) => recipients);
  await until('what was released has arrived', () => arrived().length === 1);
  assert.deepEqual(arrived(), ['released@held.test']);
  assert.match(await next.cli('queue', 'list'), new RegExp(`${waiting}[^]*${later}[^]*^2 recipients$`, 'm'));

  assert.match(await next.cli('queue', 'release', '--route', 'migration'), /^2 recipients released/);
  await until('all have arrived', () => arrived().length === 3);
  // Nothing is released for mail that comes later.
  const again = await handIn(next, 'again@held.test');
  assert.match(await next.cli('queue', 'list'), new RegExp(`${again}[^]*^1 recipient$`, 'm'));
});
