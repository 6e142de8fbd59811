// Measures how many bytes a message of smtp-source has: its `-l` counts the body only, and the length of the header depends
// on this host's name.

import { startMx } from '../../sim/mx/mx.ts';
import type { Ground } from '../../sim/neighbours/ground.ts';

const known = new Map<number, number>();

/** Bytes between DATA and the final dot of a message that smtp-source makes with `-l sizeBytes`. */
export async function acceptedBytes(ground: Ground, sizeBytes: number): Promise<number> {
  const before = known.get(sizeBytes);
  if (before !== undefined) return before;
  let bytes = 0;
  const mx = await startMx({
    address: '127.0.0.1',
    port: 0,
    onMessage: ({ content }) => {
      bytes = content.length;
    },
  });
  try {
    const addresses = ['-f', 'sender@bench.test', '-t', 'recipient@destination.test'];
    await ground.run('smtp-source', ['-l', String(sizeBytes), ...addresses, `127.0.0.1:${mx.port}`]);
  } finally {
    await mx.close();
  }
  known.set(sizeBytes, bytes);
  return bytes;
}
