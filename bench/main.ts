// `npm run bench`: the relay benchmark. smtp-source sends through Sluice and through Debian's Postfix, side by
// side in one run, to smtp-sink; both answer only for mail that is on stable storage. Options: -- --help

import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { Ground } from '../sim/neighbours/ground.ts';
import { withoutPostfix } from '../sim/neighbours/postfix.ts';
import { summarize } from './relay/budgets.ts';
import { closedFolder } from './relay/closed-folder.ts';
import { measure, type Case, type Run, type TlsKind } from './relay/measure.ts';
import { runLine, summaryText } from './relay/print.ts';
import { startSink } from './relay/sink.ts';
import { tlsFiles } from './relay/tls-files.ts';
import { startSystem, type System, type SystemName } from './relay/systems.ts';

const help = `npm run bench -- [options]
  --only NAME[,NAME]     ceiling, postfix, sluice (a process for each role), single (all roles in one) (all)
  --sizes BYTES[,BYTES]  message sizes (4096,65536)
  --connections KIND     each (a connection per message), reused, or both (both)
  --tls KIND[,KIND]      TLS on both sides instead: reused, resumed and full (a connection per message, whose TLS session
                         is continued or new)
  --messages N           at 4 KiB and a connection per message; other cases in proportion (20000 for Sluice,
                         an eighth of it for Postfix)
  --repeats N            runs of each case, systems taking turns (3)
  --sessions N           of the generator, and connections to the destination (50)
  --receivers N          Sluice's receiver processes (1)
  --senders N            Sluice's sender processes (1)
  --directory DIR        folder of the queues (var/bench)
  --profile DIR          folder for a CPU profile of each of Sluice's processes
  --json                 one JSON object a run, then one for the summary
`;

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: 'ceiling,postfix,sluice,single' },
    sizes: { type: 'string', default: '4096,65536' },
    connections: { type: 'string', default: 'both' },
    tls: { type: 'string', default: '' },
    messages: { type: 'string', default: '20000' },
    repeats: { type: 'string', default: '3' },
    sessions: { type: 'string', default: '50' },
    receivers: { type: 'string', default: '1' },
    senders: { type: 'string', default: '1' },
    directory: { type: 'string', default: join(import.meta.dirname, '../var/bench') },
    profile: { type: 'string' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

/** The share of `--messages` with which a run of each system takes some seconds. */
const share: Record<SystemName, number> = { ceiling: 1, postfix: 1 / 8, sluice: 1, single: 1 };

const inClear = values.connections === 'both' ? [false, true] : [values.connections === 'reused'];
const kinds: readonly Pick<Case, 'reuse' | 'tls'>[] =
  values.tls === ''
    ? inClear.map((reuse) => ({ reuse, tls: null }))
    : values.tls.split(',').map((kind) => ({ reuse: kind === 'reused', tls: kind as TlsKind }));

function casesFor(system: SystemName): Case[] {
  return values.sizes.split(',').flatMap((size) =>
    kinds.map(({ reuse, tls }) => ({
      sizeBytes: Number(size),
      reuse,
      tls,
      sessions: Number(values.sessions),
      messages: Math.round(Number(values.messages) * share[system] * (Number(size) > 16_384 ? 0.4 : 1)),
    })),
  );
}

async function bench(): Promise<void> {
  const names = values.only.split(',') as SystemName[];
  const directory = resolve(values.directory);
  mkdirSync(directory, { recursive: true });
  const problem = names.includes('postfix') ? whyNoPostfix(directory) : undefined;
  if (problem !== undefined) {
    process.stderr.write(`Starting Postfix: ${problem}. Or leave it out: --only ceiling,sluice,single\n`);
    process.exitCode = 1;
    return;
  }
  const print = (text: string, data: unknown): void => {
    process.stdout.write(`${values.json ? JSON.stringify(data) : text}\n`);
  };
  const ground = new Ground(join(directory, 'run-'));
  try {
    const tls = values.tls === '' ? null : tlsFiles(ground);
    const sink = await startSink(ground, tls);
    const systems: System[] = [];
    for (const name of names) {
      const system = await startSystem(name, ground, {
        sessions: Number(values.sessions),
        sinkPort: sink.port,
        receivers: Number(values.receivers),
        senders: Number(values.senders),
        profiles: values.profile === undefined ? null : resolve(values.profile),
        tls,
      });
      systems.push(system);
      // A first round, which is not counted, fills caches, starts processes and compiles hot code.
      if (name !== 'ceiling') for (const one of casesFor(name)) await measure(ground, system, sink, one);
    }
    const runs: Run[] = [];
    for (let repeat = 0; repeat < Number(values.repeats); repeat++) {
      for (const index of casesFor('sluice').keys()) {
        for (const system of systems) {
          const run = await measure(ground, system, sink, casesFor(system.name)[index]!);
          runs.push(run);
          print(runLine(run), run);
        }
      }
    }
    const summary = summarize(runs);
    print(summaryText(summary), { summary });
    for (const system of systems) await system.stop();
  } catch (error) {
    ground.lastWords((line) => process.stderr.write(`${line}\n`));
    throw error;
  } finally {
    await ground.end();
  }
}

/** Why Postfix cannot run: it drops root before it opens its queue, which its user must be able to reach. */
function whyNoPostfix(directory: string): string | undefined {
  const missing = withoutPostfix();
  if (missing !== false) return missing;
  const closed = closedFolder(directory);
  if (closed === undefined) return undefined;
  return `its user cannot reach a queue in ${directory}, since others may not enter ${closed}; allow it (chmod o+x ${closed}), or name another place with --directory DIR`;
}

if (values.help) process.stdout.write(help);
else await bench();
