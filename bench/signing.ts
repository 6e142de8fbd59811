// `npm run bench:signing`: what signing by RSA-2048 costs a relay. Sluice without a key, Sluice with one, Postfix with OpenDKIM and `openssl
// speed` take turns in each round, so that each figure is compared with others of the same minutes. Options: -- --help

import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { Ground } from '../sim/neighbours/ground.ts';
import { withoutPostfix } from '../sim/neighbours/postfix.ts';
import { type Case, measure } from './relay/measure.ts';
import { type Sink, startSink } from './relay/sink.ts';
import { opensslSpeed, speedProcesses } from './signing/openssl-speed.ts';
import { withoutOpenDkim } from './signing/opendkim.ts';
import { signingRunLine, signingSummaryText } from './signing/print.ts';
import { type SigningRun, summarizeSigning } from './signing/summary.ts';
import {
  checkSignature,
  type SigningSystem,
  type SigningSystemName,
  startSigningSystem,
  surroundings,
} from './signing/systems.ts';

const help = `npm run bench:signing -- [options]
  --only NAME[,NAME]   unsigned, signed (Sluice without and with a key), postfix (with OpenDKIM), openssl (all)
  --connections KIND   each (a connection per message), reused, or both (both)
  --rounds N           systems taking turns; figures are medians (5)
  --messages N         of Sluice in each run; an eighth of it for Postfix (16000)
  --size BYTES         of a message's body (4096)
  --sessions N         of the generator, and connections to the destination (50)
  --directory DIR      folder of the queues (var/bench)
  --profile DIR        folder for a CPU profile of each of Sluice's processes
  --json               one JSON object a run, then one for the summary
`;

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: 'unsigned,signed,postfix,openssl' },
    connections: { type: 'string', default: 'both' },
    rounds: { type: 'string', default: '5' },
    messages: { type: 'string', default: '16000' },
    size: { type: 'string', default: '4096' },
    sessions: { type: 'string', default: '50' },
    directory: { type: 'string', default: join(import.meta.dirname, '../var/bench') },
    profile: { type: 'string' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

/** The author's domain of the generator's messages. */
const domain = 'bench.test';
const postfixShare = 1 / 8;
const limitMs = 300_000;
const only = values.only.split(',');
const reuses = values.connections === 'both' ? [false, true] : [values.connections === 'reused'];

function caseOf(name: SigningSystemName, reuse: boolean): Case {
  return {
    sizeBytes: Number(values.size),
    reuse,
    tls: null,
    messages: Math.round(Number(values.messages) * (name === 'postfix' ? postfixShare : 1)),
    sessions: Number(values.sessions),
  };
}

function print(text: string, data: unknown): void {
  process.stdout.write(`${values.json ? JSON.stringify(data) : text}\n`);
}

async function bench(): Promise<void> {
  const names = only.filter((name): name is SigningSystemName => name !== 'openssl');
  const problem = names.includes('postfix') ? withoutPostfix() || withoutOpenDkim() : false;
  if (problem !== false) {
    process.stderr.write(
      `Starting Postfix with OpenDKIM: ${problem}. Or leave it out: --only unsigned,signed,openssl\n`,
    );
    process.exitCode = 1;
    return;
  }
  const directory = resolve(values.directory);
  mkdirSync(directory, { recursive: true });
  const ground = new Ground(join(directory, 'run-'));
  try {
    await measureAll(ground, names);
  } catch (error) {
    ground.lastWords((line) => process.stderr.write(`${line}\n`));
    throw error;
  } finally {
    await ground.end();
  }
}

async function measureAll(ground: Ground, names: readonly SigningSystemName[]): Promise<void> {
  const sink = await startSink(ground, null);
  const around = await surroundings(ground, domain, {
    sessions: Number(values.sessions),
    sinkPort: sink.port,
    profiles: values.profile === undefined ? null : resolve(values.profile),
  });
  const systems: SigningSystem[] = [];
  for (const name of names) {
    const system = await startSigningSystem(name, ground, around);
    systems.push(system);
    await checkSignature(ground, system, around);
    // A first round, which is not counted, fills caches, starts processes and compiles hot code.
    for (const reuse of reuses) await measure(ground, system, sink, caseOf(name, reuse));
  }
  const runs: SigningRun[] = [];
  const openssl: number[] = [];
  for (let round = 0; round < Number(values.rounds); round++) {
    if (only.includes('openssl')) {
      const perSecond = await opensslSpeed(ground);
      openssl.push(perSecond);
      print(`openssl speed -multi ${speedProcesses} rsa2048: ${Math.round(perSecond)} signatures/s`, {
        openssl: perSecond,
      });
    }
    for (const reuse of reuses) {
      for (const system of systems) {
        const run = await measureWithLoops(ground, system, sink, caseOf(system.name, reuse));
        runs.push(run);
        print(signingRunLine(run), run);
      }
    }
  }
  const summary = summarizeSigning(runs, openssl);
  print(signingSummaryText(summary), { summary });
  for (const system of systems) {
    await checkSignature(ground, system, around);
    await system.stop();
  }
}

/** The event loops are asked as the last message arrives: idle ones are never late. */
async function measureWithLoops(
  ground: Ground,
  system: SigningSystem,
  sink: Sink,
  one: Case,
): Promise<SigningRun> {
  await system.loopDelays?.take();
  const last = sink.reached(sink.count() + one.messages, limitMs);
  const [run, delays] = await Promise.all([
    measure(ground, system, sink, one),
    last.then(() => system.loopDelays?.take()),
  ]);
  return { ...run, loopDelays: Object.fromEntries(delays ?? []) };
}

if (values.help) process.stdout.write(help);
else await bench();
