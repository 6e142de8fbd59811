// Counts how often processes sync files, by strace(1), while something happens.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** How long strace(1) may take to attach to the threads of all processes, in ms. */
const attachMs = 2_000;

/**
 * @param act - returns the number of messages
 * @throws {Error} when there is no strace(1), or it may not follow the processes
 */
export async function countSyncs(
  pids: readonly number[],
  act: () => Promise<number>,
): Promise<{ readonly messages: number; readonly syncs: number }> {
  const file = join(tmpdir(), `syncs-${process.pid}`);
  const follow = ['-f', '-qq', '-e', 'trace=fsync,fdatasync', '-o', file];
  const strace = spawn('strace', [...follow, ...pids.flatMap((pid) => ['-p', String(pid)])], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const ended = once(strace, 'exit');
  await Promise.race([
    sleep(attachMs),
    ended.then(() => {
      throw new Error('strace ended: it counts syncs of processes of the same user');
    }),
  ]);
  const messages = await act();
  strace.kill('SIGINT');
  await ended;
  // A call that another one interrupts has two lines; the second has its result.
  const syncs = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => /\bf(?:data)?sync\b.*= 0$/u.test(line)).length;
  rmSync(file);
  return { messages, syncs };
}
