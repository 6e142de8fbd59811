// npm run simulate:system -- --seeds N --from K: runs more seeds of the whole system than `npm test` does, or one of them
// with all its steps.

import { parseArgs } from 'node:util';
import { runSeed } from './run-seed.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    from: { type: 'string', default: '1' },
    trace: { type: 'boolean', default: false },
  },
});
const say = (line: string): void => void process.stdout.write(`${line}\n`);

const from = Number(values.from);
const count = Number(values.seeds);
const startedMs = performance.now();
let failed = 0;
for (let seed = from; seed < from + count; seed++) {
  try {
    await runSeed(seed, values.trace ? { trace: (atMs, text) => say(`${atMs.toFixed(3)} ${text}`) } : {});
  } catch (error) {
    failed++;
    say(error instanceof Error ? error.message : String(error));
    const cause = error instanceof Error ? error.cause : undefined;
    if (values.trace && cause instanceof Error) say(cause.stack ?? '');
  }
}
const seconds = (performance.now() - startedMs) / 1000;
say(`${count} seeds from ${from} on: ${failed} failed, in ${seconds.toFixed(1)} s`);
process.exitCode = failed > 0 ? 1 : 0;
