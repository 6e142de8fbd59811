// Reads the keys of the first records of a constant database: enough to see how whoever built it writes keys.

import { headerBytes, recordHeadBytes } from './format.ts';

/** Bytes from the beginning of the file that are worth reading for it. */
export const sampleBytes = 65_536;

/**
 * The keys of the records that are whole.
 * @param beginning - of the file
 * @param end - where the records end in the file, which is where the first hash table begins
 */
export function sampleKeys(beginning: Buffer, end: number): readonly string[] {
  const keys: string[] = [];
  const most = Math.min(beginning.length, end);
  for (let at = headerBytes; at + recordHeadBytes <= most;) {
    const keyEnd = at + recordHeadBytes + beginning.readUInt32LE(at);
    const recordEnd = keyEnd + beginning.readUInt32LE(at + 4);
    if (keyEnd > most) break;
    keys.push(beginning.toString('utf8', at + recordHeadBytes, keyEnd));
    at = recordEnd;
  }
  return keys;
}
