// The quota of a queue with Sluice as a program: beyond it, recipients of that queue are refused and others taken, also after a restart; a reload
// and mail that leaves make room.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ground, until } from '../../sim/neighbours/ground.ts';
import { startSluice, type Sluice, type SluiceConfig } from '../../sim/neighbours/sluice.ts';
import { send } from '../interop/mail.ts';

const content = 'Subject: x\r\n\r\nHello\r\n';
const refusal = '452 4.3.1 Too much mail for this recipient waits here already, try again later';

async function repliesTo(sluice: Sluice, ...to: string[]): Promise<string[]> {
  return send(sluice.port, { from: 'a@a.example', to, content });
}

async function isFull(sluice: Sluice): Promise<boolean> {
  return /^Warning +The queue news is full: \d+ messages may wait in it\./mu.test(await sluice.cli('status'));
}

test('a queue takes as much mail as its quota says, and other queues take theirs', async (t) => {
  const ground = Ground.of(t);
  const config = (most: number): SluiceConfig => ({
    receive: { relay_networks: ['127.0.0.0/8'] },
    deliver: { max_connections: 0 },
    // Nothing is looked up: a domain that is not there would end its mail, and make room.
    route: [{ relay: ['127.0.0.1:9'] }],
    queues: { news: { max_messages: most } },
    assignment: [{ queue: 'news', domain: ['news.test'] }],
    processes: { receivers: 2 },
  });
  const sluice = await startSluice(ground, { config: config(2) });
  for (const each of ['one', 'two'])
    assert.match((await repliesTo(sluice, `${each}@news.test`)).at(-1) ?? '', /^250 /u);
  await until('it is told', () => isFull(sluice));
  await until('a receiver refuses', async () => (await repliesTo(sluice, 'x@news.test')).includes(refusal));
  const replies = await repliesTo(sluice, 'three@news.test', 'four@far.test');
  assert.ok(replies.includes(refusal), replies.join('\n'));
  assert.match(replies.at(-1) ?? '', /^250 /u, 'the other recipient is taken');
  const status = await sluice.cli('status');
  assert.match(status, /^Quotas {7}queue news: \d of 2 messages, /mu);
  assert.equal(await sluice.program.stop('SIGTERM'), 0);

  const again = await startSluice(ground, { config: config(2), directory: sluice.directory });
  await until('it is told again', () => isFull(again));
  await until('a receiver refuses', async () => (await repliesTo(again, 'x@news.test')).includes(refusal));
  again.configure(config(50));
  await again.cli('reload');
  await until('there is room', async () => !(await isFull(again)));
  await until('a receiver takes it', async () => !(await repliesTo(again, 'x@news.test')).includes(refusal));
  again.configure(config(2));
  await again.cli('reload');
  await until('it is full once more', () => isFull(again));
  await again.cli('queue', 'remove', '--queue', 'news', '--all');
  await until('what was removed makes room', async () => !(await isFull(again)));
  await until('a receiver takes it', async () => !(await repliesTo(again, 'y@news.test')).includes(refusal));
});
