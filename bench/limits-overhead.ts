// `node bench/limits-overhead.ts`: what limits cost when they are never reached. In turns, the same mail goes through Sluice
// without limits and with high limits in every dimension: relayed as it comes in, and delivered from a filled queue.

import { parseArgs } from 'node:util';
import { submit, type Submission } from '../sim/mx/submitter.ts';
import { Ground, until } from '../sim/neighbours/ground.ts';
import { cpuMs } from '../sim/neighbours/process-tree.ts';
import { startSluice, type Sluice, type SluiceConfig } from '../sim/neighbours/sluice.ts';
import { median } from './median.ts';
import { startSink, type Sink } from './relay/sink.ts';

const help = `node bench/limits-overhead.ts [options]
  --messages N      messages in each run (16000)
  --repeats N       runs of each (5)
  --connections N   connections of the client, and to the destination (50)
  --domains N       domains of the recipients (500)
  --json            one JSON object for each way
`;

const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '16000' },
    repeats: { type: 'string', default: '5' },
    connections: { type: 'string', default: '50' },
    domains: { type: 'string', default: '500' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
const messages = Number(values.messages);
const domains = Array.from({ length: Number(values.domains) }, (_, i) => `d${i}.example.test`);

/** Limits that no run can reach. */
const far = 100_000;
const farRate = '1000000/sec';
const names = ['without', 'with'] as const;
type Limits = (typeof names)[number];
const limitsOf: Record<Limits, readonly Record<string, string | number | string[]>[]> = {
  without: ['domain', 'site', 'ip'].map((per) => ({ per, connections: 'unlimited' })),
  with: [
    ...['domain', 'site', 'mx', 'ip', 'network', 'source', 'tenant'].map((per) => ({
      per,
      connections: far,
      connection_rate: farRate,
      message_rate: farRate,
      recipient_rate: farRate,
    })),
    { per: ['source', 'ip'], connections: far, message_rate: farRate },
    { per: ['domain', 'tenant'], connections: far, message_rate: farRate },
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

function configOf(limits: Limits, sinkPort: number, connections: number): SluiceConfig {
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

const ways = ['relayed', 'from a queue'] as const;
type Way = (typeof ways)[number];

/** One run; `from a queue` accepts all mail while delivery is stopped, and then starts delivery. */
async function run(sluice: Sluice, sink: Sink, limits: Limits, way: Way): Promise<Run> {
  const before = sink.count();
  const takeIn = (): Promise<unknown> =>
    submit(mail(), { address: '127.0.0.1', port: sluice.port, connections: Number(values.connections) });
  const deliverBy = async (connections: number): Promise<void> => {
    sluice.configure(configOf(limits, sink.port, connections));
    await sluice.cli('reload');
  };
  await deliverBy(way === 'relayed' ? Number(values.connections) : 0);
  if (way === 'from a queue') await takeIn();
  const cpuBefore = cpuMs(sluice.program.pid);
  const begin = Date.now();
  if (way === 'relayed') await takeIn();
  else await deliverBy(Number(values.connections));
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

function print(way: Way, runs: Readonly<Record<Limits, readonly Run[]>>): void {
  const ratio = (of: (run: Run) => number): number =>
    median(runs.with.map((each, i) => of(each) / of(runs.without[i]!)));
  const speed = ratio((each) => each.perSecond);
  const cpu = ratio((each) => each.cpuMsPerMessage);
  if (values.json) {
    process.stdout.write(`${JSON.stringify({ way, runs, ratios: { speed, cpu } })}\n`);
    return;
  }
  for (const name of names) {
    const perSecond = median(runs[name].map((each) => each.perSecond)).toFixed(0);
    const cpuMsPerMessage = median(runs[name].map((each) => each.cpuMsPerMessage)).toFixed(3);
    process.stdout.write(
      `${way.padEnd(14)}${name.padEnd(8)}${`${limitsOf[name].length} limits`.padStart(11)}` +
        `${perSecond.padStart(8)} messages/s  ${cpuMsPerMessage} ms CPU a message\n`,
    );
  }
  process.stdout.write(
    `${way}, with limits: ${(speed * 100).toFixed(1)} % of the speed (budget: at least 90; ` +
      `${speed >= 0.9 ? 'met' : 'NOT met'}), ${(cpu * 100).toFixed(1)} % of the CPU; medians of ${values.repeats} pairs\n`,
  );
}

async function bench(): Promise<void> {
  const ground = new Ground('sluice-limits-');
  try {
    const sink = await startSink(ground, null);
    const sluices = new Map<Limits, Sluice>();
    for (const name of names) {
      const config = configOf(name, sink.port, 0);
      const sluice = await startSluice(ground, { directory: ground.folder(name), config });
      sluices.set(name, sluice);
      for (const way of ways) await run(sluice, sink, name, way); // compiles hot code, fills caches
    }
    for (const way of ways) {
      const runs: Record<Limits, Run[]> = { without: [], with: [] };
      for (let repeat = 0; repeat < Number(values.repeats); repeat++) {
        // The order alternates, since the machine may be busier for the first one.
        for (const name of repeat % 2 === 0 ? names : names.toReversed()) {
          runs[name].push(await run(sluices.get(name)!, sink, name, way));
        }
      }
      print(way, runs);
    }
  } catch (error) {
    ground.lastWords((line) => process.stderr.write(`${line}\n`));
    throw error;
  } finally {
    await ground.end();
  }
}

if (values.help) process.stdout.write(help);
else await bench();
