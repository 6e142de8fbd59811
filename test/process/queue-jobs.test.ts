// A change of the queue in a Sluice with all its processes, whose manager dies meanwhile, and whose operator goes away.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ground, until } from '../../sim/neighbours/ground.ts';
import { ownProcesses, startSluice, type Sluice } from '../../sim/neighbours/sluice.ts';
import type { JobProgress, JobReport } from '../../src/control/operations/queue-change.ts';
import type { Status } from '../../src/control/operations/status.ts';
import { openSpoolWriter } from '../../src/spool/open.ts';
import { sluice as run } from '../cli/run.ts';
import { contentFor, envelopeFor, writerDefaults } from '../spool/support.ts';

/** A job over so many messages takes seconds: it reads each, and rests in between. */
const messages = 20_000;

/** A Sluice whose messages wait, and are never in the middle of an attempt, in which nothing is removed: mail is suspended. */
async function waiting(ground: Ground): Promise<Sluice> {
  const directory = ground.folder('jobs');
  const spool = join(directory, 'spool');
  const writer = await openSpoolWriter({ ...writerDefaults, directory: spool, sync: 'none' });
  const content = [contentFor(1, 100)];
  const append = () =>
    writer.append({ envelope: envelopeFor(writer.newQueueId(), ['user@far.test'], Date.now()), content });
  await Promise.all(Array.from({ length: messages }, append));
  await writer.close();
  const sluice = await startSluice(ground, {
    directory,
    config: { ...ownProcesses, route: [{ relay: ['127.0.0.1:1'] }] },
  });
  await sluice.cli('suspend', 'all');
  await until('no attempt is under way', async () => {
    const status = await sluice.ask<Status>({ operation: 'status' });
    return status.kind === 'complete' && status.sites.every(({ active }) => active === 0);
  });
  return sluice;
}

async function inQueue(sluice: Sluice): Promise<number | undefined> {
  const status = await sluice.ask<Status>({ operation: 'status' });
  return status.kind === 'complete' ? status.messages : undefined;
}

function lastProgress(stdout: string): JobProgress {
  const lines = stdout.split('\n').slice(0, -1);
  return JSON.parse(lines.at(-1) ?? 'null') as JobProgress;
}

test('when the manager dies during a job, the command says so, and what was told as done stays done', async (t) => {
  const sluice = await waiting(Ground.of(t));
  const args = ['queue', 'remove', '--all', '--json', '-c', sluice.configFile];
  let isKilled = false;
  const { code, stdout, stderr } = await run(args, {
    written: () => {
      if (!isKilled) process.kill(sluice.pidOf('manager'), 'SIGKILL');
      isKilled = true;
    },
  });
  assert.equal(code, 75, stderr);
  const told = lastProgress(stdout);
  assert.ok(told.recipients > 0);
  assert.ok(stderr.startsWith('JOB_INTERRUPTED: '), stderr);
  assert.ok(
    stderr.includes(`At the last report, ${told.recipients} recipients removed; some more may be.`),
    stderr,
  );
  let left: number | undefined;
  await until('there is another manager', async () => (left = await inQueue(sluice)) !== undefined);
  assert.ok(left !== undefined && left > 0 && left <= messages - told.recipients, `${left} are left`);
  const again = await sluice.ask<JobReport>({ operation: 'queue.change', action: 'remove', filter: {} });
  assert.deepEqual([again.state, again.recipients], ['done', left]);
});

test('a job ends with its command, and a detached one does not', async (t) => {
  const sluice = await waiting(Ground.of(t));
  const jobs = () => sluice.ask<readonly JobReport[]>({ operation: 'job.list' });
  const args = ['queue', 'remove', '--all', '--json', '-c', sluice.configFile];
  await run(args, { written: (_, child) => child.kill('SIGKILL') });
  await until('the job has ended', async () => (await jobs())[0]?.state !== 'running');
  const [first] = await jobs();
  assert.equal(first?.state, 'cancelled');
  assert.equal(await inQueue(sluice), messages - first.recipients);
  const detached = await run(['queue', 'remove', '--all', '--detach', '-c', sluice.configFile]);
  assert.equal(detached.stdout, 'Job 2 is at work: "sluice queue jobs" shows how far it is.\n');
  await until('the detached job has ended', async () => (await jobs())[0]?.state !== 'running');
  assert.deepEqual((await jobs())[0]?.recipients, messages - first.recipients);
  assert.equal(await inQueue(sluice), 0);
});
