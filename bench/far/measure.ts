// One run of the far benchmark: a queue that is full and held is released, and drains over a number of connections to a sink at a distance.

import type { Ground } from '../../sim/neighbours/ground.ts';
import { cpuMs, memoryBytes } from '../../sim/neighbours/process-tree.ts';
import { startFarSink } from './sink.ts';
import { startFarSystem, type FarSystemOptions } from './systems.ts';

/** `data`: the sink offers PIPELINING; `chunking`: CHUNKING besides. Postfix does not send by BDAT. */
export type FarKind = 'data' | 'chunking';
export type FarName = 'ceiling' | 'postfix' | 'sluice';

export interface FarCase {
  readonly connections: number;
  readonly rttMs: number;
  readonly kind: FarKind;
  readonly sizeBytes: number;
  readonly messages: number;
}

export interface FarRun extends FarCase {
  readonly system: FarName;
  /** From the release until the end of the last message has arrived; null for the ceiling, which sends at once. */
  readonly perSecond: number | null;
  /** From the first tenth of the messages to the last: without the opening of connections. */
  readonly steadyPerSecond: number;
  /** `steadyPerSecond`, compared with one message in each round trip of each connection. */
  readonly perRoundTrip: number;
  readonly mostConnections: number;
  readonly allConnections: number;
  readonly cpuMsPerMessage: number | null;
  readonly memoryMiB: number | null;
  /** By how much the sink's replies were late on average. */
  readonly lateMs: number;
}

const limitMs = 600_000;
const sourceScript = new URL('./source-main.ts', import.meta.url).pathname;

const extensions: Readonly<Record<FarKind, readonly string[]>> = {
  data: ['PIPELINING', 'SIZE 50000000', '8BITMIME'],
  chunking: ['PIPELINING', 'SIZE 50000000', '8BITMIME', 'CHUNKING'],
};

type Options = Pick<FarSystemOptions, 'deliver' | 'profiles'>;

export async function measureFar(
  ground: Ground,
  system: FarName,
  one: FarCase,
  options: Options & { readonly sourceDepth: number },
): Promise<FarRun> {
  const { connections, rttMs, kind, messages } = one;
  const sink = await startFarSink(ground, { rttMs, extensions: extensions[kind], expected: messages });
  try {
    const drained =
      system === 'ceiling'
        ? await runSource(ground, sink.port, one, options.sourceDepth)
        : await drain(ground, system, sink, one, options);
    const count = await sink.reached(limitMs);
    if (count.messages !== messages) {
      throw new Error(
        `Measuring ${system}: ${count.messages} messages arrived of the ${messages} it was given`,
      );
    }
    const steadyPerSecond = count.steadyPerSecond ?? 0;
    return {
      system,
      ...one,
      ...drained,
      steadyPerSecond,
      perRoundTrip: rttMs === 0 ? 0 : steadyPerSecond / ((connections * 1000) / rttMs),
      mostConnections: count.mostConnections,
      allConnections: count.allConnections,
      lateMs: count.meanLatenessMs,
    };
  } finally {
    await sink.stop();
  }
}

type Drained = Pick<FarRun, 'perSecond' | 'cpuMsPerMessage' | 'memoryMiB'>;

async function runSource(ground: Ground, port: number, one: FarCase, depth: number): Promise<Drained> {
  const { connections, messages, sizeBytes, kind } = one;
  const numbers = [port, connections, messages, sizeBytes].map(String);
  const how = kind === 'data' ? 'data' : 'bdat';
  await ground.run(process.execPath, [sourceScript, ...numbers, how, String(depth)]);
  return { perSecond: null, cpuMsPerMessage: null, memoryMiB: null };
}

async function drain(
  ground: Ground,
  name: 'postfix' | 'sluice',
  sink: Awaited<ReturnType<typeof startFarSink>>,
  { connections, messages, sizeBytes }: FarCase,
  { deliver, profiles }: Options,
): Promise<Drained> {
  const system = await startFarSystem(name, ground, {
    connections,
    sinkPort: sink.port,
    deliver,
    profiles,
  });
  try {
    const amount = ['-s', '20', '-m', messages, '-l', sizeBytes, '-d'].map(String);
    const addresses = ['-f', 'sender@bench.test', '-t', 'recipient@destination.test'];
    await ground.run('smtp-source', [...amount, ...addresses, `127.0.0.1:${system.port}`]);
    const cpuBefore = cpuMs(system.pid);
    const releasedMs = performance.timeOrigin + performance.now();
    await system.release();
    const count = await sink.reached(limitMs);
    return {
      perSecond: (1000 * messages) / (count.lastMs - releasedMs),
      cpuMsPerMessage: (cpuMs(system.pid) - cpuBefore) / messages,
      // Reading the memory of a thousand processes takes long, so it waits for the end of the run.
      memoryMiB: memoryBytes(system.pid) / 1024 ** 2,
    };
  } finally {
    await system.stop();
  }
}
