// `npm run bench:plugins`: what a plugin in TypeScript costs a relay that answers at once at RCPT. Two Sluices relay the same mail in turns, one of them
// with the plugin.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { Ground } from '../sim/neighbours/ground.ts';
import { startSluice } from '../sim/neighbours/sluice.ts';
import { median } from './median.ts';
import { measure } from './relay/measure.ts';
import { startSink } from './relay/sink.ts';
import { relayingSluice, type System } from './relay/systems.ts';

const help = `npm run bench:plugins -- [options]
  --connections KIND   each (a connection per message), reused, or both (both)
  --rounds N           systems taking turns; figures are medians (5)
  --messages N         in each run (16000)
  --size BYTES         of a message's body (4096)
  --sessions N         of the generator, and connections to the destination (50)
  --directory DIR      folder of the queues (var/bench)
`;

const { values } = parseArgs({
  options: {
    connections: { type: 'string', default: 'both' },
    rounds: { type: 'string', default: '5' },
    messages: { type: 'string', default: '16000' },
    size: { type: 'string', default: '4096' },
    sessions: { type: 'string', default: '50' },
    directory: { type: 'string', default: join(import.meta.dirname, '../var/bench') },
    help: { type: 'boolean', default: false },
  },
});

const plugin = `import { goOn, plugin } from 'sluice/plugin';
export default plugin(() => ({ rcpt: () => goOn }));
`;
const sessions = Number(values.sessions);
const reuses = values.connections === 'both' ? [false, true] : [values.connections === 'reused'];

type Name = 'without' | 'plugin';

/** Of one system, with one kind of connections. */
interface Figures {
  readonly perSecond: number[];
  readonly cpuMs: number[];
}

async function start(ground: Ground, name: Name, sinkPort: number): Promise<System<Name>> {
  const directory = ground.folder(name);
  const file = join(directory, 'measured.ts');
  writeFileSync(file, plugin);
  const sluice = await startSluice(ground, {
    directory,
    config: {
      ...relayingSluice(sessions, sinkPort),
      ...(name === 'plugin' && { stage: [{ name: 'measured', kind: 'plugin', file }] }),
    },
  });
  return {
    name,
    port: sluice.port,
    pids: [sluice.program.pid],
    stop: async () => void (await sluice.program.stop('SIGTERM')),
  };
}

async function bench(ground: Ground): Promise<void> {
  const sink = await startSink(ground, null);
  const names: readonly Name[] = ['without', 'plugin'];
  const systems = await Promise.all(names.map((name) => start(ground, name, sink.port)));
  const one = { sizeBytes: Number(values.size), tls: null, messages: Number(values.messages), sessions };
  for (const reuse of reuses) {
    const figures: Record<Name, Figures> = {
      without: { perSecond: [], cpuMs: [] },
      plugin: { perSecond: [], cpuMs: [] },
    };
    // A first round, which is not counted, compiles hot code.
    for (const system of systems) await measure(ground, system, sink, { ...one, reuse });
    for (let round = 0; round < Number(values.rounds); round++) {
      for (const system of systems) {
        const { perSecond, cpuMsPerMessage } = await measure(ground, system, sink, { ...one, reuse });
        figures[system.name].perSecond.push(perSecond);
        figures[system.name].cpuMs.push(cpuMsPerMessage ?? 0);
      }
    }
    print(reuse, figures);
  }
  for (const system of systems) await system.stop();
}

function print(reuse: boolean, { without, plugin: measured }: Record<Name, Figures>): void {
  const rates = [median(without.perSecond), median(measured.perSecond)] as const;
  const cpu = [median(without.cpuMs), median(measured.cpuMs)] as const;
  const slower = (100 * (1 - rates[1] / rates[0])).toFixed(1);
  process.stdout.write(
    [
      reuse ? 'connections reused' : 'a connection for each message',
      `  without   ${Math.round(rates[0])}/s   ${cpu[0].toFixed(3)} ms of CPU a message`,
      `  plugin    ${Math.round(rates[1])}/s   ${cpu[1].toFixed(3)} ms of CPU a message   ${slower} % slower`,
      '',
    ].join('\n'),
  );
}

async function main(): Promise<void> {
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

if (values.help) process.stdout.write(help);
else await main();
