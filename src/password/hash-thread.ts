// The program of a thread that computes slow hashes, one after the other.

import { parentPort } from 'node:worker_threads';
import { checkPassword } from './check-password.ts';
import type { HashJob, HashResult } from './hash-pool.ts';

parentPort?.on('message', (job: HashJob) => parentPort?.postMessage(resultOf(job)));

function resultOf({ hash, password }: HashJob): HashResult {
  try {
    return { fits: checkPassword(hash, password) };
  } catch (error) {
    return { fault: error instanceof Error ? error.message : String(error) };
  }
}
