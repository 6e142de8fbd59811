// The program of a thread that makes signatures: it gets several at once, and tells them together.

import { sign } from 'node:crypto';
import { parentPort } from 'node:worker_threads';
import { ed25519Input } from '../dkim/prepare-signature.ts';
import type { SignatureJob, SignatureResult } from './signature-desk.ts';

parentPort?.on('message', (jobs: readonly SignatureJob[]) => parentPort?.postMessage(jobs.map(resultOf)));

function resultOf({ bytes, key, algorithm }: SignatureJob): SignatureResult {
  try {
    return algorithm === 'rsa-sha256' ? sign('sha256', bytes, key) : sign(null, ed25519Input(bytes), key);
  } catch (error) {
    return { fault: error instanceof Error ? error.message : String(error) };
  }
}
