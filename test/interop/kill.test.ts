// `kill -9` of every kind of Sluice process under load: what was answered with 250 is delivered.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ground } from '../../sim/neighbours/ground.ts';
import { killStorm } from './kill-storm.ts';

const seed = Number(process.env.SEED ?? 1);

for (const singleProcess of [false, true]) {
  test(`nothing is lost when processes are killed, ${singleProcess ? 'all in one' : 'each on its own'}`, async (t) => {
    const report = await killStorm(Ground.of(t), {
      durationMs: 12_000,
      seed,
      config: {
        processes: { single_process: singleProcess, ...(!singleProcess && { receivers: 2, senders: 2 }) },
      },
    });
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
}
