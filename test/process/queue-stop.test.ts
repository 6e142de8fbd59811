// A queue that is stopped, moved and started while others run, and one that a reload adds, with Sluice as a program.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readlinkSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ground, until } from '../../sim/neighbours/ground.ts';
import { ownProcesses, startSluice, type Sluice, type SluiceConfig } from '../../sim/neighbours/sluice.ts';
import { destination, send } from '../interop/mail.ts';

const content = 'Subject: x\r\n\r\nHello\r\n';

const queues: SluiceConfig = {
  ...ownProcesses,
  queues: { news: { lifetime: '2d' } },
  assignment: [{ queue: 'news', domain: ['news.test'] }],
};

/** The files below a folder that any process of it has open. */
function openBelow(sluice: Sluice, folder: string): string[] {
  return sluice.pids().flatMap((pid) =>
    readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        const path = readlinkSync(`/proc/${pid}/fd/${fd}`);
        return path.startsWith(`${folder}/`) ? [`${pid} ${path}`] : [];
      } catch {
        return []; // closed meanwhile
      }
    }),
  );
}

const mailTo = (to: string) => ({ from: 'a@a.example', to: [to], content });
/** Does it take a message for this recipient? */
async function takes(sluice: Sluice, to: string): Promise<boolean> {
  return (await send(sluice.port, mailTo(to))).at(-1)?.startsWith('250') === true;
}

test('a queue that is stopped has no open file, takes and delivers nothing, also after a restart, and goes on when it is started', async (t) => {
  const ground = Ground.of(t);
  const mx = await destination(ground);
  const config = { ...queues, route: [{ relay: [`127.0.0.1:${mx.port}`] }] };
  const sluice = await startSluice(ground, { config });
  const folder = join(sluice.spool, '../queues/news');
  await send(sluice.port, mailTo('one@news.test'));
  await until('it is delivered', () => mx.messages.length === 1);
  assert.ok(openBelow(sluice, folder).length > 0);

  assert.match(await sluice.cli('queue', 'stop', '--queue', 'news'), /^The queue news is stopped\./u);
  assert.deepEqual(openBelow(sluice, folder), []);
  assert.match((await send(sluice.port, mailTo('two@news.test'))).join('\n'), /^451 4\.3\.2 /mu);
  assert.match((await send(sluice.port, mailTo('three@far.test'))).at(-1) ?? '', /^250/u);
  await until('mail of the other queue goes on', () => mx.messages.length === 2);
  assert.match(await sluice.cli('status'), /^news +stopped +0 /mu);
  // Its disk is somewhere else now.
  renameSync(folder, `${folder}.away`);
  assert.equal(await sluice.program.stop('SIGTERM'), 0);

  const again = await startSluice(ground, { config, directory: sluice.directory });
  assert.match((await send(again.port, mailTo('four@news.test'))).join('\n'), /^451 4\.3\.2 /mu);
  assert.ok(!existsSync(folder));
  renameSync(`${folder}.away`, folder);
  await again.cli('queue', 'start', '--queue', 'news');
  await until('it takes mail', () => takes(again, 'five@news.test'));
  await until('and delivers it', () =>
    mx.messages.some(({ recipients }) => recipients[0] === 'five@news.test'),
  );
});

test('mail of a queue that is stopped waits on its disk and is found again; what is moved is used from its new place', async (t) => {
  const ground = Ground.of(t);
  const mx = await destination(ground);
  const held = { ...queues, route: [{ relay: [`127.0.0.1:${mx.port}`] }], deliver: { max_connections: 0 } };
  const sluice = await startSluice(ground, { config: held });
  const folder = join(sluice.spool, '../queues/news');
  for (const to of ['one@news.test', 'two@news.test', 'three@far.test']) await send(sluice.port, mailTo(to));
  await sluice.shows(/^news +open +2 /mu, 'status');
  const elsewhere = join(sluice.directory, 'elsewhere');
  const move = ['spool', 'move', '--queue', 'news', '--to', elsewhere];
  assert.match(await sluice.cli(...move).catch(String), /is in use by the running Sluice/u);
  await sluice.cli('queue', 'stop', '--queue', 'news');
  const listed = await sluice.cli('queue', 'list');
  assert.match(listed, /three@far\.test/u);
  assert.doesNotMatch(listed, /news\.test/u);

  assert.match(await sluice.cli(...move), /were read again and compared/u);
  rmSync(folder, { recursive: true });
  const moved = { ...held, queues: { news: { path: elsewhere }, more: {} } };
  sluice.configure({
    ...moved,
    assignment: [...(queues['assignment'] as []), { queue: 'more', domain: ['more.test'] }],
  });
  assert.match(await sluice.cli('reload'), /in force/u);
  await sluice.cli('queue', 'start', '--queue', 'news');
  await sluice.shows(/^news +open +2 /mu, 'status');
  assert.match(await sluice.cli('queue', 'list'), /news .*two@news\.test/u);

  // A queue that the same reload has added.
  await until('the new queue takes mail', () => takes(sluice, 'four@more.test'));
  assert.match(await sluice.cli('queue', 'list', '--queue', 'more'), /four@more\.test/u);
  sluice.configure({ ...moved, deliver: {} });
  await sluice.cli('reload');
  await until('all of it is delivered', () => mx.messages.length === 4, 60_000);
  assert.equal(new Set(mx.messages.flatMap(({ recipients }) => recipients)).size, 4, 'nothing twice');
  assert.match(
    (await sluice.cli('queue', 'stop', '--queue', 'gone').catch(String)) as string,
    /no \[queues\.gone\]/u,
  );
});
