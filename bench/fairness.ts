// How much mail of others delays mail: healthy domains alone and among 10,000 dead ones, a small tenant alone and beside a
// big one. Reports simulated time, and CPU time of the scheduler and the simulation together.
// Run: node bench/fairness.ts [--json] [--messages 1000000]

import { parseArgs } from 'node:util';
import { parseConfig } from '../src/config/config.ts';
import { schedulerConfig } from '../src/settings/settings.ts';
import { RouteTable } from '../src/route/route-table.ts';
import { readDestinations } from '../src/simulate/read-destinations.ts';
import type { SimulationReport } from '../src/simulate/report.ts';
import { simulate } from '../src/simulate/simulate.ts';
import { Workload } from '../src/simulate/workload.ts';

interface Crowd {
  readonly domains: (index: number) => string;
  readonly count: number;
  readonly messages: number;
  readonly tenant: string;
  readonly atMs: number;
  readonly overMs: number;
}

interface Row {
  readonly what: string;
  readonly messages: number;
  /** Delays of the measured tenant, in simulated seconds. */
  readonly medianS: number;
  readonly worstS: number;
  readonly finishedS: number;
  /** Highest number of connections at once. */
  readonly connections: number;
  /** CPU µs of the whole run per message, with the messages of the others. */
  readonly cpuUs: number;
}

const dayMs = 86_400_000;

function run(what: string, crowds: readonly Crowd[], config: string, dead: 'silent' | 'refused'): Row {
  const workload = new Workload();
  for (const { atMs, count, domains, messages, overMs, tenant } of crowds) {
    for (let message = 0; message < messages; message++) {
      workload.add({
        atMs: atMs + Math.floor((overMs * message) / messages),
        from: 'bench@sender.example',
        to: [domains(message % count)],
        tenant,
        priority: undefined,
        sizeBytes: 4_096,
      });
    }
  }
  const before = process.cpuUsage();
  const report = simulate({
    config: schedulerConfig(parseConfig(config, 'bench.toml')),
    timeouts: { connectMs: 30_000, greetingMs: 300_000, replyMs: 600_000 },
    routes: new RouteTable([]),
    tenantOf: () => undefined,
    workload,
    destinations: readDestinations(
      `[[destination]]\ndomain = ["*.dead.example"]\ndead = { how = "${dead}" }\n[[destination]]\nlatency = "50ms"\n`,
      'bench',
    ),
    seed: 1,
    untilMs: dayMs / 24,
  });
  const { user, system } = process.cpuUsage(before);
  return {
    what,
    messages: workload.messages,
    ...figures(report),
    cpuUs: (user + system) / workload.messages,
  };
}

function figures(report: SimulationReport): Pick<Row, 'medianS' | 'worstS' | 'finishedS' | 'connections'> {
  // Dead domains deliver nothing, so mail that was delivered without a tenant is that of healthy domains.
  const watched = report.tenants.find(({ name }) => name === 'watched' || name === '');
  const ended = report.domains.filter(({ name }) => !name.endsWith('.dead.example'));
  return {
    medianS: (watched?.medianDelayMs ?? 0) / 1_000,
    worstS: (watched?.worstDelayMs ?? 0) / 1_000,
    finishedS: Math.max(...ended.map(({ finishedMs }) => finishedMs ?? Infinity)) / 1_000,
    connections: report.mostConnections,
  };
}

const { values } = parseArgs({
  options: { json: { type: 'boolean', default: false }, messages: { type: 'string', default: '1000000' } },
});
const many = Number(values.messages);

const healthy: Crowd = {
  domains: (index) => `healthy${index}.example`,
  count: 200,
  messages: 40_000,
  tenant: '',
  atMs: 0,
  overMs: 60_000,
};
const dead: Crowd = {
  domains: (index) => `host${index}.dead.example`,
  count: 10_000,
  messages: 20_000,
  tenant: '',
  atMs: 0,
  overMs: 30_000,
};
const small: Crowd = {
  ...healthy,
  domains: () => 'shared.example',
  count: 1,
  messages: 10,
  tenant: 'watched',
  atMs: 60_000,
  overMs: 0,
};
const big: Crowd = { ...small, messages: many, tenant: 'big', atMs: 0 };
/** All messages at once, from a cold start, those for dead domains first. */
const burst: Crowd = { ...healthy, messages: 100_000, overMs: 0 };
const deadFirst: Crowd = { ...dead, overMs: 0 };
const roomy = '[deliver]\nmax_connections = 15000\n';

const rows: readonly Row[] = [
  run('healthy domains alone', [healthy], roomy, 'refused'),
  run('among 10,000 that refuse', [dead, healthy], roomy, 'refused'),
  run('among 10,000 that are silent', [dead, healthy], roomy, 'silent'),
  run('among silent ones, 1,000 connections in all', [dead, healthy], '', 'silent'),
  run('a burst to healthy domains alone', [burst], '', 'refused'),
  run('behind 10,000 silent ones, all at once', [deadFirst, burst], '', 'silent'),
  run('ten messages of a tenant alone', [small], '', 'refused'),
  run(`beside ${many.toLocaleString('en-US')} of another`, [big, small], '', 'refused'),
];

if (values.json) {
  process.stdout.write(`${JSON.stringify(rows)}\n`);
} else {
  const head = ['', 'messages', 'median s', 'worst s', 'finished s', 'connections', 'CPU µs/message'];
  const cells = rows.map(({ what, messages, medianS, worstS, finishedS, connections, cpuUs }) => [
    what,
    String(messages),
    medianS.toFixed(3),
    worstS.toFixed(3),
    Number.isFinite(finishedS) ? finishedS.toFixed(1) : '-',
    String(connections),
    cpuUs.toFixed(1),
  ]);
  for (const [what = '', ...numbers] of [head, ...cells])
    process.stdout.write(`${what.padEnd(46)}${numbers.map((text) => text.padStart(15)).join('')}\n`);
}
