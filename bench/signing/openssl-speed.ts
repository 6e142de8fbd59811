// How many RSA-2048 signatures OpenSSL makes on this machine: `openssl speed`, with a process on each processor.

import { availableParallelism } from 'node:os';
import type { Ground } from '../../sim/neighbours/ground.ts';

/** A line as `rsa 2048 bits 0.000313s 0.000009s   3194.3 113636.4`: seconds of a signature and a verification, and how many of each a second. */
const resultLine = /^rsa\s+2048 bits\s+\S+s\s+\S+s\s+([\d.]+)/mu;

/** The `-multi` of the measurement. */
export const speedProcesses = availableParallelism();

/** Signatures a second of all processors together. */
export async function opensslSpeed(ground: Ground): Promise<number> {
  const args = ['speed', '-seconds', '3', '-multi', String(speedProcesses), 'rsa2048'];
  const output = await ground.run('openssl', args);
  const perSecond = Number(resultLine.exec(output)?.[1]);
  if (!(perSecond > 0)) throw new Error(`openssl speed printed no signatures a second:\n${output}`);
  return perSecond;
}
