// The program of a thread that computes slow hashes, one after the other. Where the system can do so for one thread, it has a lower priority
// than mail.

import { setPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';
import { checkPassword } from './check-password.ts';
import type { HashJob, HashResult } from './hash-pool.ts';

/** Of nice(2): a third of the share of a thread that serves mail, so that log-ins go on on a machine that is always busy. */
const niceness = 5;
// On Linux, 0 is the calling thread; elsewhere the whole process would be meant.
if (process.platform === 'linux') setPriority(0, niceness);

parentPort?.on('message', (job: HashJob) => parentPort?.postMessage(resultOf(job)));

function resultOf({ hash, password }: HashJob): HashResult {
  try {
    return { fits: checkPassword(hash, password) };
  } catch (error) {
    return { fault: error instanceof Error ? error.message : String(error) };
  }
}
