// `node bench/limits-overhead.ts`: what limits cost where they do not bind. The same queue is delivered by Sluice without
// limits and with limits in every dimension, all of them out of reach, taking turns; only delivery is measured.

import { parseArgs } from 'node:util';
import { submit, type Submission } from '../sim/mx/submitter.ts';
import { Ground, until } from '../sim/neighbours/ground.ts';
import { cpuMs } from '../sim/neighbours/process-tree.ts';
import { startSluice, type Sluice, type SluiceConfig } from '../sim/neighbours/sluice.ts';
import { startSink, type Sink } from './relay/sink.ts';

const help = `node bench/limits-overhead.ts [options]
  --messages N      delivered in each run (8000)
  --repeats N       runs of each (5)
  --connections N   to the destination (50)
  --domains N       of the recipients (500)
  --json            one JSON object
`;

const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '8000' },
    repeats: { type: 'string', default: '5' },
    connections: { type: 'string', default: '50' },
    domains: { type: 'string', default: '500' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
const messages = Number(values.messages);
const domains = Array.from({ length: Number(values.domains) }, (_, i) => `d${i}.example.test`);

/** More than anything here can use. */
const far = 100_000;
const farRate = '1000000/sec';
const limitsOf: Record<'without' | 'with', readonly Record<string, string | number | string[]>[]> = {
  without: ['domain', 'site', 'ip'].map((per) => ({ per, connections: 'unlimited' })),
  with: [
    ...['domain', 'site', 'mx', 'ip', 'network', 'source', 'queue'].map((per) => ({
      per,
      connections: far,
      connection_rate: farRate,
      message_rate: farRate,
      recipient_rate: farRate,
    })),
    { per: ['source', 'ip'], connections: far, message_rate: farRate },
    { per: ['domain', 'queue'], connections: far, message_rate: farRate },
    { per: ['domain', 'ip'], connections: far },
    {
      name: 'half of the domains',
      per: 'group',
      domain: domains.slice(0, domains.length / 2),
      connections: far,
    },
    { name: 'all addresses', per: 'group', ip: ['127.0.0.0/8'], connections: far, message_rate: farRate },
    ...domains.slice(0, 100).map((domain) => ({ per: 'domain', domain: [domain], connections: far - 1 })),
  ],
};

interface Run {
  readonly perSecond: number;
  readonly cpuMsPerMessage: number;
}

function configOf(limits: keyof typeof limitsOf, sinkPort: number, connections: number): SluiceConfig {
  return {
    log: { level: 'warn' },
    deliver: { max_connections: connections },
    adapt: { enabled: false },
    tenant: [{ name: 'shop', sender: ['shop.test'] }],
    limit: limitsOf[limits],
    route: [{ relay: [`127.0.0.1:${sinkPort}`] }],
  };
}

function* mail(): Generator<Submission> {
  for (let i = 0; i < messages; i++) {
    const from = i % 2 === 0 ? 'a@shop.test' : 'a@client.test';
    yield { id: `${i}@client.test`, from, to: [`u@${domains[i % domains.length]}`] };
  }
}

/** Queues everything while delivery is stopped, then lets it go. */
async function run(sluice: Sluice, sink: Sink, limits: keyof typeof limitsOf): Promise<Run> {
  const before = sink.count();
  sluice.configure(configOf(limits, sink.port, 0));
  await sluice.cli('reload');
  await submit(mail(), { address: '127.0.0.1', port: sluice.port, connections: 10 });
  sluice.configure(configOf(limits, sink.port, Number(values.connections)));
  const cpuBefore = cpuMs(sluice.program.pid);
  const begin = Date.now();
  await sluice.cli('reload');
  const end = await sink.reached(before + messages, 120_000);
  await until('the queue is empty', async () => {
    const status = JSON.parse(await sluice.cli('status', '--json')) as { readonly messages: number };
    return status.messages === 0;
  });
  return {
    perSecond: (messages * 1000) / (end - begin),
    cpuMsPerMessage: (cpuMs(sluice.program.pid) - cpuBefore) / messages,
  };
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

async function bench(): Promise<void> {
  const ground = new Ground('sluice-limits-');
  try {
    const sink = await startSink(ground);
    const names = ['without', 'with'] as const;
    const runs = { without: [] as Run[], with: [] as Run[] };
    const sluices = new Map<string, Sluice>();
    for (const name of names) {
      const config = configOf(name, sink.port, 0);
      const sluice = await startSluice(ground, { directory: ground.folder(name), config });
      sluices.set(name, sluice);
      await run(sluice, sink, name); // compiles what is hot, fills caches
    }
    for (let repeat = 0; repeat < Number(values.repeats); repeat++) {
      // Whoever goes first may find the machine busier.
      for (const name of repeat % 2 === 0 ? names : names.toReversed()) {
        runs[name].push(await run(sluices.get(name)!, sink, name));
      }
    }
    const of = (name: 'without' | 'with'): Run => ({
      perSecond: median(runs[name].map((each) => each.perSecond)),
      cpuMsPerMessage: median(runs[name].map((each) => each.cpuMsPerMessage)),
    });
    const summary = { without: of('without'), with: of('with') };
    const speed = median(runs.with.map((each, i) => each.perSecond / runs.without[i]!.perSecond));
    const cpu = median(runs.with.map((each, i) => each.cpuMsPerMessage / runs.without[i]!.cpuMsPerMessage));
    if (values.json) {
      process.stdout.write(`${JSON.stringify({ runs, summary, ratios: { speed, cpu } })}\n`);
      return;
    }
    for (const name of names) {
      const { perSecond, cpuMsPerMessage } = summary[name];
      const count = `${limitsOf[name].length} limits`.padStart(11);
      process.stdout.write(
        `${name.padEnd(8)} ${count}  ${perSecond.toFixed(0).padStart(6)} messages/s  ${cpuMsPerMessage.toFixed(3)} ms CPU a message\n`,
      );
    }
    process.stdout.write(
      `With limits ${(speed * 100).toFixed(1)} % of the speed (budget: at least 90; ${speed >= 0.9 ? 'met' : 'NOT met'}), ` +
        `${(cpu * 100).toFixed(1)} % of the CPU; medians of ${values.repeats} pairs.\n`,
    );
  } catch (error) {
    ground.lastWords((line) => process.stderr.write(`${line}\n`));
    throw error;
  } finally {
    await ground.end();
  }
}

if (values.help) process.stdout.write(help);
else await bench();
