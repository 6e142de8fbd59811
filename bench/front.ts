// `npm run bench:front`: what a front end costs beside the receiver of a server that stores mail itself, and what a central server takes by QMQP
// beside SMTP. All servers run at the same time and take turns, so that each ratio is of one run.

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { join, resolve } from 'node:path';
import { mkdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { freePort, Ground } from '../sim/neighbours/ground.ts';
import { anonymousBytes, cpuMs } from '../sim/neighbours/process-tree.ts';
import { type Sluice, startSluice } from '../sim/neighbours/sluice.ts';
import { Source } from './far/source.ts';
import { PackageSource } from './front/package-source.ts';
import { median } from './median.ts';

const help = `npm run bench:front -- [options]
  --connections N  clients at the same time (20)
  --size BYTES     of each message (4096)
  --messages N     of each run (3000)
  --repeats N      rounds, in which servers take turns (5)
  --single N       messages of the round for latency, one after the other (300)
  --idle N         idle clients of the front end; 0 leaves it out (10000)
  --directory DIR  folder of the queues (var/bench)
  --profile DIR    folder for a CPU profile of each process
  --json           one JSON object
`;

const { values } = parseArgs({
  options: {
    connections: { type: 'string', default: '20' },
    size: { type: 'string', default: '4096' },
    messages: { type: 'string', default: '3000' },
    repeats: { type: 'string', default: '5' },
    single: { type: 'string', default: '300' },
    idle: { type: 'string', default: '10000' },
    directory: { type: 'string', default: join(import.meta.dirname, '../var/bench') },
    profile: { type: 'string' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const budgets = { cpu: 1.3, addedMs: 1, idleBytes: 16 * 1024, qmqp: 1 };
const [connections, sizeBytes, messages] = [
  Number(values.connections),
  Number(values.size),
  Number(values.messages),
];

interface Figures {
  /** CPU of the receiver process for a message. */
  readonly cpuMs: number;
  readonly perSecond: number;
}

/** Sends a run of messages over sessions with many messages each. */
async function bySmtp(sluice: Sluice, count: number): Promise<Figures> {
  const options = { kind: 'waiting', depth: 1, sizeBytes } as const;
  const sources = await Promise.all(
    Array.from({ length: connections }, () => Source.open(sluice.port, options)),
  );
  const figures = await measured(sluice, count, (take) => sources.map((source) => source.send(take)));
  for (const source of sources) await source.quit();
  return figures;
}

/** The same with a connection for each message, which is all that QMQP has, and SMTP beside it. */
function byConnections(sluice: Sluice, count: number, open: () => Promise<void>): Promise<Figures> {
  const client = async (take: () => boolean): Promise<void> => {
    while (take()) await open();
  };
  return measured(sluice, count, (take) => Array.from({ length: connections }, () => client(take)));
}

async function measured(
  sluice: Sluice,
  count: number,
  send: (take: () => boolean) => Promise<void>[],
): Promise<Figures> {
  const receiver = sluice.pidOf('receiver');
  let left = count;
  const [cpu, begin] = [cpuMs(receiver), performance.now()];
  await Promise.all(send(() => left-- > 0));
  const tookMs = performance.now() - begin;
  return { cpuMs: (cpuMs(receiver) - cpu) / count, perSecond: (1000 * count) / tookMs };
}

async function oneBySmtp(port: number): Promise<void> {
  const source = await Source.open(port, { kind: 'waiting', depth: 1, sizeBytes });
  let left = 1;
  await source.send(() => left-- > 0);
  await source.quit();
}

/** The median time of a message in one session, in ms. */
async function latency(port: number, count: number): Promise<number> {
  const source = await Source.open(port, { kind: 'waiting', depth: 1, sizeBytes });
  const took: number[] = [];
  for (let index = 0; index < count; index++) {
    let left = 1;
    const begin = performance.now();
    await source.send(() => left-- > 0);
    took.push(performance.now() - begin);
  }
  await source.quit();
  return median(took);
}

/** Memory of an idle client in the receiver process, in bytes: the slope from a twentieth of them to all. */
async function idle({ port, pidOf }: Sluice, count: number): Promise<number> {
  const receiver = pidOf('receiver');
  const sockets: Socket[] = [];
  const openUntil = async (goal: number): Promise<void> => {
    while (sockets.length < goal) {
      const some = Array.from({ length: Math.min(50, goal - sockets.length) }, async () => {
        const socket = connect({ port, host: '127.0.0.1' });
        await once(socket, 'data');
        socket.write('EHLO idle.test\r\n');
        await once(socket, 'data');
        socket.pause();
        sockets.push(socket);
      });
      await Promise.all(some);
    }
    // Garbage of the greetings goes.
    await sleep(3_000);
  };
  await openUntil(Math.ceil(count / 20));
  const [before, first] = [anonymousBytes(receiver), sockets.length];
  await openUntil(count);
  const each = (anonymousBytes(receiver) - before) / (count - first);
  for (const socket of sockets) socket.destroy();
  return each;
}

async function start(ground: Ground): Promise<{ stored: Sluice; front: Sluice; qmqpPort: number }> {
  const [qmqpPort, frontPort] = [await freePort(), await freePort()];
  const limits = { max_connections: 20_000, max_connections_per_client: 20_000 };
  const env: NodeJS.ProcessEnv =
    values.profile === undefined
      ? {}
      : { NODE_OPTIONS: `--cpu-prof --cpu-prof-interval=1000 --cpu-prof-dir=${resolve(values.profile)}` };
  const port = await freePort();
  const stored = await startSluice(ground, {
    port,
    env,
    config: {
      log: { level: 'warn' },
      listen: [
        { address: `127.0.0.1:${port}` },
        { address: `127.0.0.1:${frontPort}`, xclient: ['127.0.0.1'] },
        { address: `127.0.0.1:${qmqpPort}`, protocol: 'qmqp', relay_networks: ['127.0.0.1'] },
      ],
      receive: limits,
      deliver: { max_connections: 0 },
      route: [{ relay: ['127.0.0.1:9'] }],
    },
  });
  const front = await startSluice(ground, {
    directory: ground.folder('front'),
    env,
    config: {
      log: { level: 'warn' },
      receive: limits,
      front: { servers: [`smtp://127.0.0.1:${frontPort}`] },
    },
  });
  return { stored, front, qmqpPort };
}

async function bench(ground: Ground): Promise<void> {
  const { stored, front, qmqpPort } = await start(ground);
  const kinds = {
    stored: () => bySmtp(stored, messages),
    front: () => bySmtp(front, messages),
    smtp: () => byConnections(stored, messages, () => oneBySmtp(stored.port)),
    qmqp: () => byConnections(stored, messages, () => PackageSource.send(qmqpPort, sizeBytes)),
  };
  type Kind = keyof typeof kinds;
  const names = Object.keys(kinds) as Kind[];
  // A first round, which is not counted, compiles hot code.
  for (const name of names) await kinds[name]();
  const rounds: (Record<Kind, Figures> & { readonly latency: readonly [number, number] })[] = [];
  for (let repeat = 0; repeat < Number(values.repeats); repeat++) {
    const round: Partial<Record<Kind, Figures>> = {};
    for (const name of names) round[name] = await kinds[name]();
    const single = Number(values.single);
    const latencies = [await latency(stored.port, single), await latency(front.port, single)] as const;
    rounds.push({ ...(round as Record<Kind, Figures>), latency: latencies });
  }
  const idleBytes = Number(values.idle) === 0 ? undefined : await idle(front, Number(values.idle));
  for (const { program } of [front, stored]) await program.stop('SIGTERM');
  const of = (pick: (round: (typeof rounds)[number]) => number): number =>
    Number(median(rounds.map(pick)).toFixed(3));
  const result = {
    storedCpuMs: of(({ stored: { cpuMs: ms } }) => ms),
    frontCpuMs: of(({ front: { cpuMs: ms } }) => ms),
    cpuRatio: of(({ stored: a, front: b }) => b.cpuMs / a.cpuMs),
    storedPerSecond: of(({ stored: { perSecond } }) => perSecond),
    frontPerSecond: of(({ front: { perSecond } }) => perSecond),
    storedLatencyMs: of(({ latency: [a] }) => a),
    addedLatencyMs: of(({ latency: [a, b] }) => b - a),
    smtpPerSecond: of(({ smtp: { perSecond } }) => perSecond),
    qmqpPerSecond: of(({ qmqp: { perSecond } }) => perSecond),
    qmqpRatio: of(({ smtp, qmqp }) => qmqp.perSecond / smtp.perSecond),
    ...(idleBytes !== undefined && { idleBytes: Math.round(idleBytes) }),
  };
  if (values.json) {
    process.stdout.write(`${JSON.stringify(result)}\n`);
    return;
  }
  const met = (isMet: boolean): string => (isMet ? 'met' : 'NOT met');
  process.stdout.write(
    `CPU a message   receiver ${result.storedCpuMs} ms, front end ${result.frontCpuMs} ms: ${result.cpuRatio} times; budget ${budgets.cpu}: ${met(result.cpuRatio <= budgets.cpu)}\n` +
      `rate            receiver ${result.storedPerSecond.toFixed(0)}/s, front end and centre ${result.frontPerSecond.toFixed(0)}/s\n` +
      `median time     receiver ${result.storedLatencyMs} ms, front end adds ${result.addedLatencyMs} ms; budget ${budgets.addedMs} ms: ${met(result.addedLatencyMs < budgets.addedMs)}\n` +
      `by QMQP         ${result.qmqpPerSecond.toFixed(0)}/s, by SMTP with a connection each ${result.smtpPerSecond.toFixed(0)}/s: ${result.qmqpRatio} times; budget ${budgets.qmqp}: ${met(result.qmqpRatio >= budgets.qmqp)}\n` +
      (idleBytes === undefined
        ? ''
        : `idle clients    ${values.idle}, ${(idleBytes / 1024).toFixed(1)} KiB each; budget ${budgets.idleBytes / 1024} KiB: ${met(idleBytes < budgets.idleBytes)}\n`),
  );
}

if (values.help) process.stdout.write(help);
else {
  const directory = resolve(values.directory);
  mkdirSync(directory, { recursive: true });
  const ground = new Ground(join(directory, 'run-'));
  try {
    await bench(ground);
  } catch (error) {
    ground.lastWords((line) => process.stderr.write(`${line}\n`));
    throw error;
  } finally {
    await ground.end();
  }
}
