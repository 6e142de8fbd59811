// One measurement: opens connections until the destinations count as many as wanted, and measures them twice: while each
// waits for the answer to its message, and idle.

import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../sim/neighbours/ground.ts';
import { cpuMs, memoryBytes, pssBytes } from '../../sim/neighbours/process-tree.ts';
import { submit, type Submission } from '../../sim/mx/submitter.ts';
import type { Sinks } from './sinks.ts';
import type { Holder } from './systems.ts';

/** Time over which CPU is measured while nothing happens. */
const quietMs = 10_000;

export interface State {
  readonly connections: number;
  /** Memory per connection over all processes, from the first twentieth of the connections to all of them. */
  readonly bytesEach: number;
  /** Memory per connection, by role of the process. */
  readonly parts: Readonly<Record<string, number>>;
  readonly totalBytes: number;
  /** Percent of one core. */
  readonly cpuPercent: number;
}

export interface Held {
  readonly system: Holder['name'];
  readonly wanted: number;
  /** Ms from the first twentieth of the connections to the last. */
  readonly reachedMs: number;
  /** Measured while each connection waits for the answer to its message. */
  readonly waiting: State;
  /** Measured while each connection is kept for the next message; null where none are kept. */
  readonly idle: State | null;
}

export interface HoldOptions {
  readonly connections: number;
  readonly limitMs: number;
  readonly measureIdle: boolean;
  /** Pause between the last connection and the measurement. */
  readonly restMs: number;
}

export async function hold(holder: Holder, sinks: Sinks, options: HoldOptions): Promise<Held> {
  const { connections, limitMs } = options;
  const destinations = holder.name === 'postfix' ? 1 : sinks.addresses.length;
  const first = Math.ceil(connections / 20);
  const send = (count: number): Promise<unknown> =>
    submit(messages(count, destinations, holder), {
      address: '127.0.0.1',
      port: holder.port,
      connections: 20,
    });
  const open = (count: number): Promise<unknown> =>
    until(`${count} connections`, async () => (await sinks.count()).waiting >= count, limitMs);
  // The first connections start processes, code and buffers that any number of connections needs.
  await send(first);
  await open(first);
  await sleep(options.restMs);
  const before: Before = { connections: first, parts: partBytes(holder) };
  const begin = performance.now();
  await send(connections - first);
  await open(connections);
  const reachedMs = performance.now() - begin;
  await sleep(options.restMs);
  const waiting = await state(holder, sinks, before);
  sinks.answer();
  await until('all answers', async () => (await sinks.count()).answered >= connections, limitMs);
  // After this many deliveries the manager cleans up the spool.
  await sleep(options.restMs * 5);
  const idle = options.measureIdle ? await state(holder, sinks, before) : null;
  return { system: holder.name, wanted: connections, reachedMs, waiting, idle };
}

/** The state to compare with: the first connections, and the memory of each part then. */
interface Before {
  readonly connections: number;
  readonly parts: ReadonlyMap<string, number>;
}

async function state(holder: Holder, sinks: Sinks, before: Before): Promise<State> {
  const cpuBefore = cpuMs(holder.pid);
  const begin = performance.now();
  await sleep(quietMs);
  const cpuPercent = ((cpuMs(holder.pid) - cpuBefore) / (performance.now() - begin)) * 100;
  const { connections } = await sinks.count();
  const parts: Record<string, number> = {};
  let bytesEach = 0;
  for (const [part, bytes] of partBytes(holder)) {
    const each = (bytes - (before.parts.get(part) ?? 0)) / (connections - before.connections);
    parts[part] = Math.round(each);
    bytesEach += each;
  }
  return {
    connections,
    bytesEach: Math.round(bytesEach),
    parts,
    totalBytes: memoryBytes(holder.pid),
    cpuPercent,
  };
}

function partBytes(holder: Holder): Map<string, number> {
  const parts = new Map<string, number>();
  for (const [part, pids] of holder.parts())
    parts.set(
      part,
      pids.reduce((all, pid) => all + pssBytes(pid), 0),
    );
  return parts;
}

/** A message for each connection, to the destinations in turn. */
function* messages(count: number, destinations: number, holder: Holder): Generator<Submission> {
  for (let i = 0; i < count; i++) {
    const to = [`u${i}@${holder.domain(i % destinations)}`];
    yield { id: `held-${count}-${i}@client.test`, from: 'a@client.test', to, sizeBytes: 1_000 };
  }
}
