// `npm run bench:queues`: how many messages a second Sluice takes with several queues, against one queue: with all mail in one of them, and
// spread evenly. Each message is on stable storage before its 250, so each queue syncs for itself: the syncs a message are counted, too.
// Nothing is delivered meanwhile. The kinds take turns in one run, because a disk is never as fast as an hour before.

import { join, resolve } from 'node:path';
import { mkdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Ground } from '../sim/neighbours/ground.ts';
import { type Sluice, startSluice } from '../sim/neighbours/sluice.ts';
import { Source } from './far/source.ts';
import { median } from './median.ts';
import { countSyncs } from './queues/count-syncs.ts';

const help = `npm run bench:queues -- [options]
  --queues N           queues beside the default one (20)
  --connections N      clients at the same time, each with mail for one queue (400)
  --size BYTES         of each message (4096)
  --seconds N          of each run (3)
  --repeats N          runs of each kind, kinds taking turns (9)
  --directory DIR      folder of the queues (var/bench)
  --syncs              count the syncs, by strace: beside it, no speed means anything
  --json               one JSON object
`;

const { values } = parseArgs({
  options: {
    queues: { type: 'string', default: '20' },
    connections: { type: 'string', default: '400' },
    size: { type: 'string', default: '4096' },
    seconds: { type: 'string', default: '3' },
    repeats: { type: 'string', default: '9' },
    directory: { type: 'string', default: join(import.meta.dirname, '../var/bench') },
    syncs: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

/** `one`: there is one queue. `all in one`: there are several, and all mail is in one of them. `spread`: each client has its queue. */
const kinds = ['one', 'all in one', 'spread'] as const;
type Kind = (typeof kinds)[number];

const connections = Number(values.connections);
const queues = Array.from({ length: Number(values.queues) }, (_, index) => `q${index}`);

function configOf(kind: Kind) {
  const common = {
    log: { level: 'warn' },
    deliver: { max_connections: 0 },
    processes: { receivers: 1 },
    // Without a route, the domain would not be found, and the manager would write a bounce for each message.
    route: [{ relay: ['127.0.0.1:9'] }],
  };
  if (kind === 'one') return common;
  const assignment =
    kind === 'spread'
      ? queues.map((queue, index) => ({ queue, client: [`127.0.1.${index + 1}`] }))
      : [{ queue: 'q0', client: ['127.0.1.0/24'] }];
  return { ...common, queues: Object.fromEntries(queues.map((name) => [name, {}])), assignment };
}

/** @returns messages a second that were taken, and how many */
async function run(port: number, seconds: number): Promise<{ perSecond: number; messages: number }> {
  const sources = await Promise.all(
    Array.from({ length: connections }, (_, index) =>
      Source.open(port, {
        kind: 'waiting',
        depth: 1,
        sizeBytes: Number(values.size),
        from: `127.0.1.${(index % queues.length) + 1}`,
      }),
    ),
  );
  let messages = 0;
  const begin = performance.now();
  const end = begin + seconds * 1000;
  const take = (): boolean => performance.now() < end && ++messages > 0;
  await Promise.all(sources.map((source) => source.send(take)));
  const perSecond = (1000 * messages) / (performance.now() - begin);
  for (const source of sources) await source.quit();
  return { perSecond, messages };
}

async function bench(ground: Ground): Promise<void> {
  const started: { kind: Kind; sluice: Sluice; rates: number[] }[] = [];
  for (const kind of kinds) {
    const directory = join(ground.directory, kind.replaceAll(' ', '-'));
    const sluice = await startSluice(ground, { config: configOf(kind), directory });
    started.push({ kind, sluice, rates: [] });
  }
  const seconds = Number(values.seconds);
  // A first round, which is not counted, compiles hot code.
  for (const { sluice } of started) await run(sluice.port, 1);
  for (let repeat = 0; repeat < Number(values.repeats); repeat++) {
    // Each kind follows each other one as often: what comes after a run is disturbed by its end, such as the tidying of its mail.
    const at = repeat % started.length;
    const round = [...started.slice(at), ...started.slice(0, at)];
    if (repeat % 2 === 1) round.reverse();
    for (const { sluice, rates } of round) rates.push((await run(sluice.port, seconds)).perSecond);
  }
  const rows: { kind: Kind; perSecond: number; ratio: number; syncs?: number }[] = [];
  const usual = started[0]?.rates ?? [];
  for (const { kind, sluice, rates } of started) {
    // Each run is compared with that of one queue in the same round.
    const ratio = median(rates.map((rate, at) => rate / (usual[at] ?? rate)));
    const counted = values.syncs
      ? await countSyncs(sluice.pids(), async () => (await run(sluice.port, seconds)).messages)
      : undefined;
    const syncs = counted && counted.syncs / counted.messages;
    rows.push({ kind, perSecond: Math.round(median(rates)), ratio, ...(syncs !== undefined && { syncs }) });
  }
  for (const { sluice } of started) await sluice.program.stop('SIGTERM');
  if (values.json) process.stdout.write(`${JSON.stringify(rows)}\n`);
  else
    for (const { kind, perSecond, ratio, syncs } of rows) {
      const told = syncs === undefined ? '' : `  ${syncs.toFixed(2)} syncs a message`;
      process.stdout.write(
        `${kind.padEnd(10)} ${String(perSecond).padStart(6)}/s  ${((ratio - 1) * 100).toFixed(1).padStart(6)} %${told}\n`,
      );
    }
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
