// `npm run soak -- SECONDS [SEED]`: runs the kill storm for this time, one seed after the other.

import { Ground } from '../../sim/neighbours/ground.ts';
import { killStorm } from './kill-storm.ts';

const [seconds = '600', firstSeed = '1'] = process.argv.slice(2);
const end = performance.now() + Number(seconds) * 1000;
let failed = false;
for (let seed = Number(firstSeed); performance.now() < end && !failed; seed++) {
  const ground = new Ground('sluice-soak-');
  try {
    const receivers = 1 + (seed % 3);
    const { sent, kills, missing, arrived, duplicates } = await killStorm(ground, {
      durationMs: Math.min(30_000, end - performance.now()),
      seed,
      config: { processes: { receivers, senders: 1 + (seed % 2), single_process: seed % 4 === 0 } },
    });
    const counts = `${sent.accepted.size} promised, ${arrived} arrived, ${duplicates} twice`;
    process.stdout.write(`seed ${seed}: ${counts}, kills ${JSON.stringify(kills)}\n`);
    for (const key of missing) process.stdout.write(`LOST ${key}\n`);
    failed = missing.length > 0;
  } finally {
    await ground.end();
  }
}
process.exitCode = failed ? 1 : 0;
