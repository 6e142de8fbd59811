// Diversions with Sluice as a program: in force at once in all receivers, over restarts and a kill in the middle, and ended by time or by hand.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ground, until } from '../../sim/neighbours/ground.ts';
import { type Sluice, startSluice } from '../../sim/neighbours/sluice.ts';
import { send } from '../interop/mail.ts';

const config = {
  queues: { backup: {}, news: {} },
  assignment: [{ queue: 'news', domain: ['news.test'] }],
  deliver: { max_connections: 0 },
};
const ownProcesses = { processes: { single_process: false, receivers: 2 } };

/** The queue of a message that is sent now. */
async function queueOf(
  sluice: Sluice,
  to: string,
  { subject = 'x', from = 'a@a.test' }: { readonly subject?: string; readonly from?: string } = {},
): Promise<string> {
  const replies = await send(sluice.port, {
    from,
    to: [to],
    content: `Subject: ${subject}\r\n\r\nHello\r\n`,
  });
  const [, id] = /queued as (\w+)/u.exec(replies.at(-1) ?? '') ?? [];
  assert.ok(id !== undefined, replies.join('\n'));
  const [line] = await sluice.logged((each) => each.event === 'received' && each['id'] === id);
  return String(line?.['queue'] ?? 'default');
}

test('what is diverted goes to the other queue at once, in each receiver, and the rest flows', async (t) => {
  const sluice = await startSluice(Ground.of(t), { config: { ...config, ...ownProcesses } });
  assert.equal(await queueOf(sluice, 'x@storm.test'), 'default');
  assert.match(
    await sluice.cli(
      'divert',
      'add',
      '--to',
      'backup',
      '--domain',
      'storm.test',
      '--for',
      '2h',
      '--reason',
      'a storm',
    ),
    /^Diversion 1: domain=storm\.test goes to the queue backup until /u,
  );
  // Connections go to both receivers in no certain order.
  for (let count = 0; count < 6; count++) assert.equal(await queueOf(sluice, 'x@storm.test'), 'backup');
  assert.equal(await queueOf(sluice, 'x@calm.test'), 'default');
  await sluice.cli('divert', 'add', '--to', 'backup', '--subject', '*invoice*', '--sender', 'b@b.test');
  const offer = { subject: 'Your Invoice 17', from: 'b@b.test' };
  assert.equal(await queueOf(sluice, 'x@news.test', offer), 'backup', 'before [[assignment]]');
  assert.equal(await queueOf(sluice, 'x@news.test', { ...offer, from: 'c@c.test' }), 'news');
  assert.equal(await queueOf(sluice, 'x@news.test', { ...offer, subject: 'voice' }), 'news');
  assert.match(
    await sluice.cli('divert'),
    /1 +backup .*domain=storm\.test +a storm\n2 +backup .*sender=b@b\.test/u,
  );

  assert.match(await sluice.cli('divert', 'end', '1'), /^Diversion 1 has ended/u);
  for (let count = 0; count < 6; count++) assert.equal(await queueOf(sluice, 'x@storm.test'), 'default');
  assert.match(await sluice.cli('divert', 'end', '--all'), /Diversion 2 has ended/u);
  assert.equal(await sluice.cli('divert', 'list'), 'Nothing is diverted.\n');
});

test('a diversion is in force again after a kill of all processes, and its file is repaired from the copy', async (t) => {
  const ground = Ground.of(t);
  const sluice = await startSluice(ground, { config: { ...config, ...ownProcesses } });
  await sluice.cli('divert', 'add', '--to', 'backup', '--domain', '*.storm.test');
  await sluice.program.stop('SIGKILL');
  const path = join(sluice.spool, 'diversions.json');
  writeFileSync(path, readFileSync(path, 'utf8').replace('backup', 'backuq'));
  const { directory } = sluice;
  const again = await startSluice(ground, { config: { ...config, ...ownProcesses }, directory });
  await again.shows(/domain=\*\.storm\.test/u, 'divert');
  await until('a receiver diverts', async () => (await queueOf(again, 'x@a.storm.test')) === 'backup');
});

test('what cannot be diverted is told, and nothing has changed', async (t) => {
  const sluice = await startSluice(Ground.of(t), { config });
  for (const [words, message] of [
    [['--to', 'nowhere', '--domain', 'a.test'], /QUEUE_UNKNOWN.*there are default, backup, news/su],
    [['--to', 'backup'], /say which mail/u],
    [['--to', 'backup', '--domain', 'a b'], /a b/u],
    [['--to', 'backup', '--client', '300.1.1.1'], /300\.1\.1\.1/u],
    [['--to', 'backup', '--results', 'spam'], /no condition on the result of a stage/u],
    [['--to', 'backup', '--domain', 'a.test', '--for', '0s'], /more than 0/u],
  ] as const)
    await assert.rejects(sluice.cli('divert', 'add', ...words), message);
  await assert.rejects(sluice.cli('divert', 'end', '7'), /There is no diversion 7/u);
  assert.equal(await sluice.cli('divert'), 'Nothing is diverted.\n');
});

test('names that nothing has, and a queue that is stopped, are warned of, and it is in force', async (t) => {
  const sluice = await startSluice(Ground.of(t), { config });
  await sluice.cli('queue', 'stop', '--queue', 'backup');
  const words = ['divert', 'add', '--to', 'backup', '--tenant', 'nobody', '--json'];
  const added = JSON.parse(await sluice.cli(...words)) as { readonly warnings: readonly string[] };
  assert.deepEqual(added.warnings, [
    'There is no tenant "nobody"; there are no tenants.',
    'The queue backup is stopped: what is diverted is answered 451, until "sluice queue start --queue backup".',
  ]);
  assert.match(await sluice.cli('divert'), /tenant=nobody/u);
});
