// `kill -9` of every kind of Sluice process under load: every message that was answered with 250 is delivered.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ground } from '../../sim/neighbours/ground.ts';
import { withoutPostfix } from '../../sim/neighbours/postfix.ts';
import { killBatches } from './kill-batches.ts';
import { killStorm } from './kill-storm.ts';

const seed = Number(process.env.SEED ?? 1);

for (const singleProcess of [false, true]) {
  const arrangement = singleProcess ? 'all in one' : 'each on its own';
  const config = {
    processes: { single_process: singleProcess, ...(!singleProcess && { receivers: 2, senders: 2 }) },
  };

  test(`nothing is lost when processes are killed, ${arrangement}`, async (t) => {
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

  const skip = withoutPostfix();
  test(
    `mail of smtp-source that was answered with 250 arrives when processes are killed, ${arrangement}`,
    { skip },
    async (t) => {
      const { batches, kills, duplicates } = await killBatches(Ground.of(t), { kills: 12, seed, config });
      const promised = batches.filter((batch) => batch.promised);
      const broken = batches.filter((batch) => !batch.promised);
      const sum = (of: typeof batches): number => of.reduce((total, { arrived }) => total + arrived, 0);
      t.diagnostic(
        `seed ${seed}: ${promised.length} batches promised, ${broken.length} broken; ` +
          `${sum(promised)} and ${sum(broken)} messages arrived, ${duplicates} twice`,
      );
      t.diagnostic(`kills: ${JSON.stringify(kills)}`);
      assert.deepEqual(
        promised.filter(({ arrived, messages }) => arrived !== messages),
        [],
      );
      assert.deepEqual(
        broken.filter(({ arrived, messages }) => arrived > messages),
        [],
      );
      assert.ok(batches.at(-1)?.promised, 'the last batch, without a kill, was not accepted');
      // Kills that broke no batch prove nothing.
      assert.ok(broken.length > 0);
    },
  );
}
