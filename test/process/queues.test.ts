// Queues with stores of their own, with Sluice as a program: whose mail they keep, and what one that is gone means for the others.

import assert from 'node:assert/strict';
import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ground, until } from '../../sim/neighbours/ground.ts';
import { startSluice, type SluiceConfig } from '../../sim/neighbours/sluice.ts';
import { inspectSpool } from '../../src/spool/open.ts';
import { destination, send } from '../interop/mail.ts';

const content = 'Subject: x\r\n\r\nHello\r\n';

/** The queues of a site with a newsletter and a big sender. */
const queues: SluiceConfig = {
  queues: { news: { lifetime: '2d' }, big: { path: 'elsewhere' } },
  assignment: [
    { queue: 'news', domain: ['news.test'] },
    { queue: 'big', sender: ['big@a.example'] },
  ],
};

/** The recipients that a store keeps, by message. */
async function stored(folder: string): Promise<string[][]> {
  const found: string[][] = [];
  for await (const finding of inspectSpool(folder)) {
    assert.ok(finding.kind === 'message', JSON.stringify(finding));
    found.push(finding.message.waiting.map(({ address }) => address).toSorted());
  }
  return found;
}

test('each recipient is kept in its queue, small and large messages alike, and all of them arrive', async (t) => {
  const ground = Ground.of(t);
  const mx = await destination(ground);
  const config = { ...queues, route: [{ relay: [`127.0.0.1:${mx.port}`] }] };
  const held = await startSluice(ground, { config: { ...config, deliver: { max_connections: 0 } } });
  const large = `Subject: large\r\n\r\n${`${'x'.repeat(70)}\r\n`.repeat(40_000)}`;
  for (const [from, to, text] of [
    ['a@a.example', ['one@news.test', 'two@far.test', 'three@news.test'], content],
    ['big@a.example', ['four@far.test', 'five@news.test'], content],
    ['a@a.example', ['six@far.test', 'seven@news.test'], large],
  ] as const) {
    const replies = await send(held.port, { from, to, content: text });
    assert.match(replies.at(-1) ?? '', /^250/u, replies.join('\n'));
  }
  const received = () => held.events().filter(({ event }) => event === 'received');
  await until('all parts are logged', () => received().length === 6);
  assert.deepEqual(
    received()
      .map(({ queue = 'default', to }) => [queue, ...(to as string[])].join(' '))
      .toSorted(),
    [
      'big four@far.test',
      'default six@far.test',
      'default two@far.test',
      'news five@news.test',
      'news one@news.test three@news.test',
      'news seven@news.test',
    ],
  );
  const listed = async (...options: string[]): Promise<string[]> =>
    [...(await held.cli('queue', 'list', ...options)).matchAll(/\w+@(?:news|far)\.test/gu)]
      .map(([address]) => address)
      .toSorted();
  const ofNews = ['five@news.test', 'one@news.test', 'seven@news.test', 'three@news.test'];
  assert.deepEqual(await listed('--queue', 'news'), ofNews);
  assert.deepEqual(await listed('--queue', 'default'), ['six@far.test', 'two@far.test']);
  assert.match(await held.cli('queue', 'hold', '--queue', 'big', '--dry-run'), /^1 recipient/mu);
  // How much of the disk is free is known a moment later.
  const status = await held.shows(/^big +open +1 +0 +\d+ +\d+ +\S+ +\S+ \w+ +\S+ \w+$/mu, 'status');
  assert.match(status, /^QUEUE +STATE +MESSAGES/mu);
  assert.match(status, /^news +open +3 /mu);
  const { byQueue } = JSON.parse(await held.cli('status', '--json')) as {
    readonly byQueue: readonly { readonly queue: string; readonly counters: object }[];
  };
  assert.deepEqual(
    byQueue.map(({ queue, counters }) => [queue, (counters as { received: number }).received]),
    [
      ['default', 2],
      ['news', 3],
      ['big', 1],
    ],
  );
  assert.match(await held.cli('top', '--interval', '100ms'), /^news +open +3 .* 0\.0 +0\.0 +0\.0 +0\.0$/mu);
  const explained = await held.cli('explain', 'x@news.test', '--sender', 'big@a.example');
  assert.match(explained, /^Stored in {2}the queue news \(\[\[assignment\]\] 1\)$/mu);
  assert.match(explained, /what waits, by queue: news 3, big 1$|what waits, by queue: news 4$/mu);
  assert.match(
    await held.cli('explain', 'x@far.test', '--sender', 'big@a.example'),
    /^Stored in {2}the queue big /mu,
  );
  assert.equal(await held.program.stop('SIGTERM'), 0);
  assert.deepEqual(await listed('--queue', 'news'), ofNews, 'also of a stopped Sluice');
  const backup = join(held.directory, 'backup');
  const copied = await held.cli('spool', 'backup', '--queue', 'news', '--rate', '0B', backup);
  assert.match(copied, /has the 3 messages to 4 recipients/u);
  rmSync(join(held.spool, '../queues/news'), { recursive: true });
  await held.cli('spool', 'restore', '--queue', 'news', '--deliver', backup);
  assert.match(await held.cli('spool', 'check', '--queue', 'news'), /3 messages/u);

  assert.deepEqual((await stored(held.spool)).toSorted(), [['six@far.test'], ['two@far.test']]);
  assert.deepEqual(await stored(join(held.directory, 'elsewhere')), [['four@far.test']]);
  assert.deepEqual((await stored(join(held.spool, '../queues/news'))).toSorted(), [
    ['five@news.test'],
    ['one@news.test', 'three@news.test'],
    ['seven@news.test'],
  ]);

  const sluice = await startSluice(ground, { config, directory: held.directory });
  await until('all have arrived', () => mx.messages.flatMap(({ recipients }) => recipients).length === 7);
  const sizes = mx.messages.map((message) => message.content.length > large.length);
  assert.equal(sizes.filter(Boolean).length, 2, 'the large message came whole to both');
  const [first] = await sluice.logged(({ event, to }) => event === 'delivered' && to === 'one@news.test');
  assert.equal(first?.['queue'], 'news');
  const [other] = await sluice.logged(({ event, to }) => event === 'delivered' && to === 'six@far.test');
  assert.ok(other !== undefined && !('queue' in other), 'not that of the default one');
  await until('the queue is empty', async () =>
    /No messages|Nothing waits/u.test(await sluice.cli('queue', 'list')),
  );
});

test('a queue whose folder is gone keeps its mail waiting, and no other; it comes back by itself', async (t) => {
  const ground = Ground.of(t);
  const mx = await destination(ground);
  const config = { ...queues, route: [{ relay: [`127.0.0.1:${mx.port}`] }] };
  const held = await startSluice(ground, { config: { ...config, deliver: { max_connections: 0 } } });
  await send(held.port, { from: 'a@a.example', to: ['one@news.test', 'two@far.test'], content });
  assert.equal(await held.program.stop('SIGTERM'), 0);
  const folder = join(held.spool, '../queues/news');
  renameSync(folder, `${folder}.away`);

  const sluice = await startSluice(ground, { config, directory: held.directory });
  await until('the other has arrived', () => mx.messages.length === 1);
  const replies = await send(sluice.port, {
    from: 'a@a.example',
    to: ['three@news.test', 'four@far.test'],
    content,
  });
  assert.match(replies.join('\n'), /^451 4\.3\.0 /mu);
  await until('the accepted one has arrived', () => mx.messages.length === 2);
  assert.deepEqual(
    mx.messages.flatMap(({ recipients }) => recipients),
    ['two@far.test', 'four@far.test'],
  );
  assert.match(await sluice.cli('status'), /The queue news takes no mail/u);
  assert.ok(!existsSync(folder), 'it is not made again');

  renameSync(`${folder}.away`, folder);
  await until('what waited there has arrived', () => mx.messages.length === 3, 60_000);
  assert.deepEqual(mx.messages.at(-1)?.recipients, ['one@news.test']);
});
