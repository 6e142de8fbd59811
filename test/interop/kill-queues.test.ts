// `kill -9` of Sluice's processes while messages are split over three queues: every recipient that was answered with 250 gets its mail.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ground } from '../../sim/neighbours/ground.ts';
import { killStorm } from './kill-storm.ts';

const seed = Number(process.env.SEED ?? 1);

test('nothing is lost when processes are killed while messages are stored in several queues', async (t) => {
  const config = {
    processes: { single_process: false, receivers: 2, senders: 2 },
    queues: { first: {}, second: {} },
    assignment: [
      { queue: 'first', domain: ['quick.test', 'shaky.test'] },
      { queue: 'second', domain: ['slow.test'] },
    ],
  };
  const report = await killStorm(Ground.of(t), { durationMs: 12_000, seed, config });
  const { sent, kills, missing, arrived, duplicates } = report;
  t.diagnostic(`seed ${seed}: ${arrived} arrived, ${duplicates} twice, ${sent.unknown.size} in doubt`);
  t.diagnostic(`kills: ${JSON.stringify(kills)}`);
  assert.deepEqual(missing, []);
  assert.ok(sent.accepted.size > 100);
  assert.deepEqual(
    [...sent.refused].filter(([, reply]) => !reply.startsWith('4')),
    [],
  );
});
