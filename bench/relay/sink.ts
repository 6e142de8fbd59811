// The destination of the relay benchmark: one smtp-sink for the whole run, or under TLS one of our own. It counts messages as their final dots arrive and
// writes the count to a file in memory, whose time of modification is that of the last message.

import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { TlsFiles } from './tls-files.ts';
import { freePort, listening, until, type Ground } from '../../sim/neighbours/ground.ts';

export interface Sink {
  readonly port: number;
  /** Messages since it was started. */
  count(): number;
  /** Resolves with the time, in Unix milliseconds, at which the count reached `count`. */
  reached(count: number, limitMs: number): Promise<number>;
}

/** @param tls - for a sink under TLS; null in clear */
export async function startSink(ground: Ground, tls: TlsFiles | null): Promise<Sink> {
  const port = await freePort();
  const file = join(ground.memoryFolder('sink'), 'count');
  const output = openSync(file, 'w');
  // Started by root, it needs another user to switch to.
  const user = process.getuid?.() === 0 ? ['-u', 'nobody'] : [];
  const args = ['-c', '-m', '1000', ...user, `127.0.0.1:${port}`, '1024'];
  const script = new URL('../tls/sink-main.ts', import.meta.url).pathname;
  const program =
    tls === null
      ? ground.start('smtp-sink', 'smtp-sink', args, { stdio: ['ignore', output, 'pipe'] })
      : ground.start('sink', process.execPath, [script, String(port), file, tls.key, tls.chain]);
  closeSync(output);
  await listening(program, port);
  const counts = openSync(file, 'r');
  ground.atEnd(() => closeSync(counts));
  const tail = Buffer.alloc(200);
  const count = (): number => {
    const length = readSync(counts, tail, 0, tail.length, Math.max(0, fstatSync(counts).size - tail.length));
    return Number(/.*mesg=(\d+)/su.exec(tail.toString('latin1', 0, length))?.[1] ?? 0);
  };
  return {
    port,
    count,
    reached: (wanted, limitMs) =>
      until(
        `the sink has ${wanted} messages (it has ${count()})`,
        () => count() >= wanted && statSync(file).mtimeMs,
        limitMs,
      ),
  };
}
