// Mail moves to another queue of a Sluice with all its processes, whose manager is killed in the middle.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ground, until } from '../../sim/neighbours/ground.ts';
import { ownProcesses, startSluice } from '../../sim/neighbours/sluice.ts';
import type { JobReport } from '../../src/control/operations/queue-change.ts';
import type { Status } from '../../src/control/operations/status.ts';
import { inspectSpool, openSpoolWriter } from '../../src/spool/open.ts';
import { sluice as run } from '../cli/run.ts';
import { contentFor, envelopeFor, writerDefaults } from '../spool/support.ts';

const messages = 1_000;

/** The recipients that wait in a store. */
async function stored(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const finding of inspectSpool(folder)) {
    assert.ok(finding.kind === 'message', JSON.stringify(finding));
    found.push(...finding.message.waiting.map(({ address }) => address));
  }
  return found;
}

test('a manager that is killed while mail moves loses none of it, and keeps none of it twice', async (t) => {
  const ground = Ground.of(t);
  const directory = ground.folder('moves');
  const spool = join(directory, 'spool');
  const writer = await openSpoolWriter({ ...writerDefaults, directory: spool, sync: 'none' });
  const addresses = Array.from({ length: messages }, (_, index) => `user${index}@far.test`);
  await Promise.all(
    addresses.map((address) =>
      writer.append({
        envelope: envelopeFor(writer.newQueueId(), [address], Date.now()),
        content: [contentFor(1, 100)],
      }),
    ),
  );
  await writer.close();
  const sluice = await startSluice(ground, {
    directory,
    config: {
      ...ownProcesses,
      queues: { news: {} },
      route: [{ relay: ['127.0.0.1:1'] }],
      deliver: { max_connections: 0 },
    },
  });
  for (let kills = 0; kills < 2; kills++) {
    let isKilled = false;
    const { code, stderr } = await run(
      ['queue', 'move', '--all', '--to', 'news', '--json', '-c', sluice.configFile],
      {
        written: () => {
          if (!isKilled) process.kill(sluice.pidOf('manager'), 'SIGKILL');
          isKilled = true;
        },
      },
    );
    assert.ok(code === 75 || code === 0, stderr);
    await until('there is another manager with all mail', async () => {
      const status = await sluice.ask<Status>({ operation: 'status' });
      return status.kind === 'complete' && status.messages === messages;
    });
  }
  const last = await sluice.ask<JobReport>({
    operation: 'queue.change',
    action: 'move',
    to: 'news',
    filter: {},
  });
  assert.deepEqual([last.state, last.refused], ['done', 0], last.reason);
  assert.match(await sluice.cli('queue', 'list', '--queue', 'default'), /No mail that waits matches/u);
  assert.equal(await sluice.program.stop('SIGTERM'), 0);
  assert.deepEqual(await stored(spool), []);
  assert.deepEqual((await stored(join(directory, 'queues/news'))).toSorted(), addresses.toSorted());
});
