// `npm run bench:far`: mail over few connections to a destination far away. A full queue is released and drains to a sink of our own, whose
// replies come a round trip late; Sluice and Debian's Postfix in turns, beside what a round trip for each message would allow.

import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { Ground } from '../sim/neighbours/ground.ts';
import { withoutPostfix } from '../sim/neighbours/postfix.ts';
import { measureFar, type FarCase, type FarKind, type FarName, type FarRun } from './far/measure.ts';
import { farLine, farSummary } from './far/print.ts';
import { closedFolder } from './relay/closed-folder.ts';

const help = `npm run bench:far -- [options]
  --cases C@MS[,C@MS]  connections and round-trip time (200@100,1000@100,5@30)
  --kinds KIND[,KIND]  data (the destination offers PIPELINING), chunking (and CHUNKING; Postfix is left out) (data,chunking)
  --only NAME[,NAME]   ceiling (a generator of our own straight to the sink), postfix, sluice (all)
  --seconds N          about how long the queue of a run should last, at one round trip for each message (10)
  --messages N         messages of each run instead
  --size BYTES         of the body of each message (4096)
  --repeats N          runs of each case, systems taking turns (1)
  --depth N            transactions on the way of the generator with chunking (4)
  --deliver JSON       keys of Sluice's table deliver
  --directory DIR      folder of the queues (var/bench)
  --profile DIR        folder for a CPU profile of each of Sluice's processes
  --json               one JSON object a run
`;

const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: '200@100,1000@100,5@30' },
    kinds: { type: 'string', default: 'data,chunking' },
    only: { type: 'string', default: 'ceiling,postfix,sluice' },
    seconds: { type: 'string', default: '10' },
    messages: { type: 'string' },
    size: { type: 'string', default: '4096' },
    repeats: { type: 'string', default: '1' },
    depth: { type: 'string', default: '4' },
    deliver: { type: 'string', default: '{}' },
    directory: { type: 'string', default: join(import.meta.dirname, '../var/bench') },
    profile: { type: 'string' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const kinds = values.kinds.split(',') as FarKind[];

/** Postfix gets a quarter of the messages, since it is slower and its mail takes long to hand in. */
const share: Readonly<Record<FarName, number>> = { ceiling: 1, sluice: 1, postfix: 1 / 4 };

function cases(): FarCase[] {
  return values.cases.split(',').flatMap((text) => {
    const [connections, rttMs] = text.split('@').map(Number) as [number, number];
    return kinds.map((kind) => ({
      connections,
      rttMs,
      kind,
      sizeBytes: Number(values.size),
      messages:
        values.messages === undefined
          ? Math.round(((connections * 1000) / Math.max(1, rttMs)) * Number(values.seconds) * timesFor[kind])
          : Number(values.messages),
    }));
  });
}

/** With chunking several messages fit into a round trip. */
const timesFor: Readonly<Record<FarKind, number>> = { data: 1, chunking: 2 };

async function inGround<T>(directory: string, work: (ground: Ground) => Promise<T>): Promise<T> {
  const ground = new Ground(join(directory, 'run-'));
  try {
    return await work(ground);
  } catch (error) {
    ground.lastWords((line) => process.stderr.write(`${line}\n`));
    throw error;
  } finally {
    await ground.end();
  }
}

async function bench(): Promise<void> {
  const names = values.only.split(',') as FarName[];
  const directory = resolve(values.directory);
  mkdirSync(directory, { recursive: true });
  if (names.includes('postfix')) {
    const missing = withoutPostfix();
    const closed = closedFolder(directory);
    if (missing !== false) throw new Error(`${missing}; leave it out with --only ceiling,sluice`);
    if (closed !== undefined) {
      throw new Error(
        `The user of Postfix may not enter ${closed}: name another folder with --directory DIR`,
      );
    }
  }
  const options = {
    deliver: JSON.parse(values.deliver) as Record<string, string | number | boolean>,
    profiles: values.profile === undefined ? null : resolve(values.profile),
    sourceDepth: Number(values.depth),
  };
  const runs: FarRun[] = [];
  for (let repeat = 0; repeat < Number(values.repeats); repeat++) {
    for (const one of cases()) {
      for (const name of names) {
        if (name === 'postfix' && one.kind === 'chunking') continue;
        const messages = Math.round(one.messages * share[name]);
        const run = await inGround(directory, (ground) =>
          measureFar(ground, name, { ...one, messages }, options),
        );
        runs.push(run);
        process.stdout.write(`${values.json ? JSON.stringify(run) : farLine(run)}\n`);
      }
    }
  }
  if (!values.json) process.stdout.write(farSummary(runs));
}

if (values.help) process.stdout.write(help);
else await bench();
