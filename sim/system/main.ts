// npm run simulate:system -- --seeds N --from K: runs more seeds of the whole system than `npm test` does, or one of them
// with all its steps. A number that is none is refused with exit status 64.

import { parseArgs } from 'node:util';
import { runSeed } from './run-seed.ts';

const say = (line: string): void => void process.stdout.write(`${line}\n`);

// The reader of the output has seen enough (`| head`).
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
  throw error;
});

const { from, count, trace } = asked();
const startedMs = performance.now();
let failed = 0;
for (let seed = from; seed < from + count; seed++) {
  try {
    await runSeed(seed, trace ? { trace: (atMs, text) => say(`${atMs.toFixed(3)} ${text}`) } : {});
  } catch (error) {
    failed++;
    process.exitCode = 1;
    say(error instanceof Error ? error.message : String(error));
    const cause = error instanceof Error ? error.cause : undefined;
    if (trace && cause instanceof Error) say(cause.stack ?? '');
  }
}
const seconds = (performance.now() - startedMs) / 1000;
say(`${count} seeds from ${from} on: ${failed} failed, in ${seconds.toFixed(1)} s`);

/** What the command line asks for; what cannot be understood ends the program with EX_USAGE. */
function asked(): { readonly from: number; readonly count: number; readonly trace: boolean } {
  try {
    const { values } = parseArgs({
      options: {
        seeds: { type: 'string', default: '1000' },
        from: { type: 'string', default: '1' },
        trace: { type: 'boolean', default: false },
      },
    });
    return {
      from: positive('--from', values.from),
      count: positive('--seeds', values.seeds),
      trace: values.trace,
    };
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return process.exit(64);
  }
}

function positive(option: string, text: string): number {
  const most = 1_000_000_000;
  const number = /^[0-9]+$/u.test(text) ? Number(text) : 0;
  if (number >= 1 && number <= most) return number;
  throw new Error(`${option} takes a whole number from 1 to ${most}, not "${text}"`);
}
