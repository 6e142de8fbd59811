// The far sink as a process of its own, which takes every message and throws it away.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort, type Ground } from '../../sim/neighbours/ground.ts';
import type { FarCount, FarCountRequest } from './sink-main.ts';

export interface FarSink {
  readonly port: number;
  count(): Promise<FarCount>;
  /** Resolves with the counts once so many messages are there. @throws {Error} when they are not within `limitMs` */
  reached(limitMs: number): Promise<FarCount>;
  stop(): Promise<void>;
}

export interface FarSinkOptions {
  readonly rttMs: number;
  /** The keywords that EHLO lists. */
  readonly extensions: readonly string[];
  /** Messages that will come. */
  readonly expected: number;
}

const askEveryMs = 100;

export async function startFarSink(ground: Ground, options: FarSinkOptions): Promise<FarSink> {
  const { rttMs, extensions, expected } = options;
  const port = await freePort();
  const script = new URL('./sink-main.ts', import.meta.url);
  const child = fork(script, [String(port), String(rttMs), ...extensions]);
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  };
  ground.atEnd(stop);
  await once(child, 'message');
  const count = async (): Promise<FarCount> => {
    const answer = once(child, 'message');
    child.send({ expected } satisfies FarCountRequest);
    return ((await answer) as [FarCount])[0];
  };
  return {
    port,
    count,
    async reached(limitMs) {
      const deadline = performance.now() + limitMs;
      for (;;) {
        const now = await count();
        if (now.messages >= expected) return now;
        if (performance.now() > deadline) {
          throw new Error(`only ${now.messages} of ${expected} messages arrived within ${limitMs} ms`);
        }
        await sleep(askEveryMs);
      }
    },
    stop,
  };
}
