// One run of the relay benchmark, from the generator's start until the sink has the last message: its time, and the CPU,
// memory and disk writes of the system under test.

import type { Ground } from '../../sim/neighbours/ground.ts';
import { cpuMs, memoryBytes, writtenBytes } from '../../sim/neighbours/process-tree.ts';
import { acceptedBytes } from './accepted-bytes.ts';
import type { Sink } from './sink.ts';
import type { System, SystemName } from './systems.ts';

/** `reused`: few connections; a connection for each message, whose TLS session is `resumed`, or new: `full`. */
export type TlsKind = 'reused' | 'resumed' | 'full';

export interface Case {
  readonly sizeBytes: number;
  /** Whether the generator sends many messages over each connection. */
  readonly reuse: boolean;
  /** Under TLS, and which handshakes the generator makes; null in clear. */
  readonly tls: TlsKind | null;
  readonly messages: number;
  readonly sessions: number;
}

export interface Run<Name extends string = SystemName> extends Case {
  readonly system: Name;
  readonly seconds: number;
  readonly perSecond: number;
  /** Over all processes of the system, from the generator's start until they are idle again. */
  readonly cpuMsPerMessage: number | null;
  /** Highest memory of all processes together in the samples, shared pages counted once. */
  readonly peakMemoryMiB: number | null;
  /** Bytes written to the disk for each byte of accepted messages, header and body as the client sent them. */
  readonly writtenPerByte: number | null;
}

const tlsSource = new URL('../tls/source-main.ts', import.meta.url).pathname;
const limitMs = 300_000;
const sampleMs = 500;

export async function measure<Name extends string>(
  ground: Ground,
  system: System<Name>,
  sink: Sink,
  one: Case,
): Promise<Run<Name>> {
  const { messages, sizeBytes, sessions, reuse } = one;
  const wanted = sink.count() + messages;
  const accepted = await acceptedBytes(ground, sizeBytes);
  const before = usage(system);
  let peak = 0;
  const sample = (): void => {
    peak = Math.max(peak, total(system, memoryBytes));
  };
  sample(); // a short run is over before the first interval
  const timer = setInterval(sample, sampleMs);
  try {
    const args = ['-s', sessions, '-m', messages, '-l', sizeBytes, ...(reuse ? ['-d'] : [])];
    const target = [
      '-f',
      'sender@bench.test',
      '-t',
      'recipient@destination.test',
      `127.0.0.1:${system.port}`,
    ];
    const begin = performance.timeOrigin + performance.now();
    const [end] = await Promise.all([
      sink.reached(wanted, limitMs),
      one.tls === null
        ? ground.run('smtp-source', [...args.map(String), ...target])
        : ground.run(process.execPath, [
            tlsSource,
            ...[system.port, sessions, messages, sizeBytes].map(String),
            one.tls,
          ]),
    ]);
    sample();
    const seconds = (end - begin) / 1000;
    const after = await settled(system);
    if (sink.count() !== wanted)
      throw new Error(`Measuring ${system.name}: it delivered more messages than it was given`);
    const per = (value: number, by: number): number | null => (system.pids.length === 0 ? null : value / by);
    return {
      system: system.name,
      ...one,
      seconds,
      perSecond: messages / seconds,
      cpuMsPerMessage: per(after.cpu - before.cpu, messages),
      peakMemoryMiB: per(peak, 1024 * 1024),
      writtenPerByte: per(after.written - before.written, messages * accepted),
    };
  } finally {
    clearInterval(timer);
  }
}

interface Usage {
  readonly cpu: number;
  readonly written: number;
}

type Programs = Pick<System, 'pids'>;

function usage(system: Programs): Usage {
  return { cpu: total(system, cpuMs), written: total(system, writtenBytes) };
}

function total({ pids }: Programs, of: (pid: number) => number): number {
  return pids.reduce((sum, pid) => sum + of(pid), 0);
}

/** The usage once the system is idle: it still works after the arrival of the last message. */
async function settled(system: Programs): Promise<Usage> {
  for (let before = usage(system); ;) {
    await new Promise((resolve) => setTimeout(resolve, 300)); // an idle system shows it only over time
    const now = usage(system);
    if (now.cpu - before.cpu <= 10) return now;
    before = now;
  }
}
