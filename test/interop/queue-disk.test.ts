// A queue on a disk of its own, a real small file system: what fills it, or takes it away, touches no other mail.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { until } from '../../sim/neighbours/ground.ts';
import { ownProcesses, startSluice, type Sluice, type SluiceConfig } from '../../sim/neighbours/sluice.ts';
import { destination, send } from './mail.ts';
import { fill, makeRoom, smallDisk } from './small-disk.ts';

const content = 'Subject: x\r\n\r\nHello\r\n';

function config(disk: string, port: number, more: SluiceConfig = {}): SluiceConfig {
  return {
    ...ownProcesses,
    queues: { news: { path: join(disk, 'news'), reserve: '4MiB' } },
    assignment: [{ queue: 'news', domain: ['news.test'] }],
    queue: { reserve: '0B', segment_size: '4MiB', retry: ['1s'] },
    deliver: { address_rest: ['1s'] },
    stop: { grace: '2s' },
    route: [{ relay: [`127.0.0.1:${port}`] }],
    ...more,
  };
}

function mounts(): string | false {
  if (process.getuid?.() !== 0) return 'a file system of its own needs root';
  const { status } = spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'none', '/mnt']);
  return status === 0 ? false : 'a file system of its own needs the right to mount one';
}

const mailTo = (to: string) => ({ from: 'a@a.example', to: [to], content });

/** The last reply to RCPT or the content. */
async function answer(sluice: Sluice, to: string): Promise<string> {
  const replies = await send(sluice.port, mailTo(to));
  return replies.find((reply) => /^[45]/u.test(reply)) ?? replies.at(-1) ?? '';
}

suite('a queue on a disk of its own', { skip: mounts() }, () => {
  test('that is full refuses its mail alone, delivers what it has, and takes mail again when there is room', async (t) => {
    const { ground, disk } = await smallDisk(t);
    const mx = await destination(ground);
    await mx.close(); // nothing is delivered at first
    const sluice = await startSluice(ground, { config: config(disk, mx.port) });
    assert.match(await answer(sluice, 'one@news.test'), /^250/u);
    fill(disk);
    await until('the disk counts as full', async () =>
      (await answer(sluice, 'two@news.test')).startsWith('452 4.3.1'),
    );
    assert.match(await answer(sluice, 'three@far.test'), /^250/u);
    const status = await sluice.shows(/CRITICAL.*news/u, 'status');
    assert.match(status, /^default +open /mu);
    const back = await destination(ground, { port: mx.port });
    await until('mail of other queues is delivered', () =>
      back.messages.some(({ recipients }) => recipients[0] === 'three@far.test'),
    );
    makeRoom(disk);
    await until('it takes mail again', async () =>
      (await answer(sluice, 'four@news.test')).startsWith('250'),
    );
    await until('all of it is delivered', () => back.messages.length >= 3, 60_000);
    assert.equal(await sluice.program.stop('SIGTERM'), 0);
    assert.equal(back.tally.duplicates, 0);
  });

  test('is taken away and brought back while it is stopped', async (t) => {
    const { ground, disk } = await smallDisk(t);
    const mx = await destination(ground);
    const sluice = await startSluice(ground, { config: config(disk, mx.port) });
    assert.match(await answer(sluice, 'one@news.test'), /^250/u);
    await until('it is delivered', () => mx.messages.length === 1);
    await sluice.cli('queue', 'stop', '--queue', 'news');
    // Without -l: it fails while anybody has a file of it open.
    await ground.run('mount', ['-o', 'remount,ro', disk]);
    await ground.run('mount', ['-o', 'remount,rw', disk]);
    assert.match(await answer(sluice, 'two@far.test'), /^250/u);
    await sluice.cli('queue', 'start', '--queue', 'news');
    await until('it takes mail again', async () =>
      (await answer(sluice, 'three@news.test')).startsWith('250'),
    );
    await until('all is delivered', () => mx.messages.length === 3);
  });
});
