// The destinations of the benchmark of held connections: as many processes as the limit of open files requires, each with
// some loopback addresses, used as one.

import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Ground } from '../../sim/neighbours/ground.ts';
import type { SinkCount, SinkRequest } from './sink-process.ts';

export interface Sinks {
  readonly port: number;
  readonly addresses: readonly string[];
  count(): Promise<SinkCount>;
  /** Answers all waiting messages, and from now on each message at once. */
  answer(): void;
  stop(): Promise<void>;
}

/** Addresses of each process. */
const addressesEach = 20;

export async function startSinks(ground: Ground, processes: number, port: number): Promise<Sinks> {
  const children: ChildProcess[] = [];
  const addresses: string[] = [];
  const stop = async (): Promise<void> => {
    const running = children.filter((child) => child.exitCode === null && child.signalCode === null);
    const ended = running.map((child) => once(child, 'exit'));
    for (const child of running) child.kill('SIGKILL');
    await Promise.all(ended);
  };
  ground.atEnd(stop);
  for (let i = 0; i < processes; i++) {
    const own = Array.from({ length: addressesEach }, (_, k) => `127.2.${i}.${k + 1}`);
    const child = fork(new URL('./sink-process.ts', import.meta.url), [String(port), ...own]);
    children.push(child);
    addresses.push(...own);
    await once(child, 'message');
  }
  const ask = async (child: ChildProcess): Promise<SinkCount> => {
    const answer = once(child, 'message');
    child.send({ kind: 'count' } satisfies SinkRequest);
    const [count] = (await answer) as [SinkCount];
    return count;
  };
  return {
    port,
    addresses,
    async count() {
      const counts = await Promise.all(children.map(ask));
      const sum = (of: (one: SinkCount) => number): number => counts.reduce((all, one) => all + of(one), 0);
      return {
        connections: sum((one) => one.connections),
        waiting: sum((one) => one.waiting),
        answered: sum((one) => one.answered),
      };
    },
    answer() {
      for (const child of children) child.send({ kind: 'answer' } satisfies SinkRequest);
    },
    stop,
  };
}
