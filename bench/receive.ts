// `npm run bench:receive`: how many messages a second Sluice takes, with each on stable storage before its 250, from one client over one
// connection: one transaction after the other, and several on the way. Nothing is delivered meanwhile.

import { join, resolve } from 'node:path';
import { mkdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Ground } from '../sim/neighbours/ground.ts';
import { startSluice } from '../sim/neighbours/sluice.ts';
import { Source, type SourceKind } from './far/source.ts';
import { median } from './median.ts';

const help = `npm run bench:receive -- [options]
  --kinds KIND[,KIND]  waiting (MAIL, RCPT and DATA in one group, then the content, then the next message), data (the next group
                       goes with the end of the content), bdat (a whole transaction is one group) (waiting,data,bdat)
  --depth N            transactions on the way with bdat (50)
  --connections N      clients at the same time (1)
  --size BYTES         of each message (4096)
  --seconds N          of each run (3)
  --repeats N          runs of each kind, kinds taking turns (3)
  --sending            with sending limits that hold for every message, and refuse none
  --single             all roles of Sluice in one process
  --directory DIR      folder of the queue (var/bench)
  --profile DIR        folder for a CPU profile of each of Sluice's processes
  --json               one JSON object
`;

const { values } = parseArgs({
  options: {
    kinds: { type: 'string', default: 'waiting,data,bdat' },
    depth: { type: 'string', default: '50' },
    connections: { type: 'string', default: '1' },
    size: { type: 'string', default: '4096' },
    seconds: { type: 'string', default: '3' },
    repeats: { type: 'string', default: '3' },
    sending: { type: 'boolean', default: false },
    single: { type: 'boolean', default: false },
    directory: { type: 'string', default: join(import.meta.dirname, '../var/bench') },
    profile: { type: 'string' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const sendingLimits = [
  { by: 'client', messages: '100000000/hour' },
  { by: 'sender_domain', recipients: '100000000/day' },
];

const kinds = values.kinds.split(',') as SourceKind[];
const connections = Number(values.connections);

/** Messages a second that were taken. */
async function run(port: number, kind: SourceKind, seconds: number): Promise<number> {
  const options = { kind, depth: Number(values.depth), sizeBytes: Number(values.size) };
  const sources = await Promise.all(Array.from({ length: connections }, () => Source.open(port, options)));
  let messages = 0;
  const begin = performance.now();
  const end = begin + seconds * 1000;
  const take = (): boolean => performance.now() < end && ++messages > 0;
  await Promise.all(sources.map((source) => source.send(take)));
  const perSecond = (1000 * messages) / (performance.now() - begin);
  for (const source of sources) await source.quit();
  return perSecond;
}

async function bench(ground: Ground): Promise<void> {
  const sluice = await startSluice(ground, {
    config: {
      log: { level: 'warn' },
      processes: { single_process: values.single },
      deliver: { max_connections: 0 },
      // Without a route, the domain would not be found, and the manager would write a bounce for each message.
      route: [{ relay: ['127.0.0.1:9'] }],
      ...(values.sending && { sending_limit: sendingLimits }),
    },
    ...(values.profile !== undefined && {
      env: {
        NODE_OPTIONS: `--cpu-prof --cpu-prof-interval=1000 --cpu-prof-dir=${resolve(values.profile)}`,
      },
    }),
  });
  const results = new Map<SourceKind, number[]>(kinds.map((kind) => [kind, []]));
  // A first round, which is not counted, compiles hot code.
  for (const kind of kinds) await run(sluice.port, kind, 1);
  for (let repeat = 0; repeat < Number(values.repeats); repeat++) {
    for (const [kind, own] of results) own.push(await run(sluice.port, kind, Number(values.seconds)));
  }
  await sluice.program.stop('SIGTERM');
  const medians = [...results].map(([kind, own]) => ({ kind, perSecond: Math.round(median(own)) }));
  const waiting = medians.find(({ kind }) => kind === 'waiting')?.perSecond;
  if (values.json) process.stdout.write(`${JSON.stringify(medians)}\n`);
  else {
    for (const { kind, perSecond } of medians) {
      const times = waiting === undefined ? '' : `  ${(perSecond / waiting).toFixed(2)} times waiting`;
      process.stdout.write(`${kind.padEnd(8)} ${String(perSecond).padStart(6)}/s${times}\n`);
    }
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
