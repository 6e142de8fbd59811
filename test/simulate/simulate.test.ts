// Whole simulations with the real scheduler: when mail arrives, which limit bound it, and that the report is right.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { simpleLimits } from '../../sim/world/simple-limits.ts';
import { RouteTable } from '../../src/route/route-table.ts';
import type { LimitRule } from '../../src/schedule/limits/types.ts';
import type { SchedulerConfig } from '../../src/schedule/types.ts';
import { readDestinations } from '../../src/simulate/read-destinations.ts';
import { WorkloadReader } from '../../src/simulate/read-workload.ts';
import type { DestinationReport, SimulationReport } from '../../src/simulate/report.ts';
import { simulate, type SimulateOptions } from '../../src/simulate/simulate.ts';
import { configOf } from '../schedule/table.ts';

interface Change {
  readonly config?: Partial<SchedulerConfig>;
  readonly destinations?: string;
  readonly seed?: number;
  readonly untilMs?: number;
  readonly tenantOf?: SimulateOptions['tenantOf'];
  readonly depth?: SimulateOptions['depth'];
}

function run(lines: readonly object[], change: Change = {}): SimulationReport {
  const reader = new WorkloadReader('test');
  for (const line of lines) reader.line(JSON.stringify(line));
  return simulate({
    config: { ...configOf(), ...change.config },
    timeouts: { connectMs: 30_000, greetingMs: 300_000, replyMs: 600_000 },
    routes: new RouteTable([]),
    tenantOf: change.tenantOf ?? (() => undefined),
    workload: reader.end(),
    destinations: readDestinations(change.destinations ?? '', 'test'),
    seed: change.seed ?? 1,
    untilMs: change.untilMs ?? Infinity,
    depth: change.depth,
  });
}

function domain(report: SimulationReport, name: string): DestinationReport {
  const found = report.domains.find((each) => each.name === name);
  assert.ok(found !== undefined, `no ${name}`);
  return found;
}

const rule: LimitRule = { id: 'r', name: 'r', origin: 'test', per: [], match: {}, isOverride: false };
const limits = { global: 1_000, perDomain: 20, perSite: 50, perIp: 20 };
const near = (value: number, wanted: number, part: number): void =>
  assert.ok(Math.abs(value - wanted) <= wanted * part, `${value} instead of ${wanted}`);

test('a limit of connections binds, and the time follows from messages, round trips and connections', () => {
  const report = run([{ to: 'a.example', count: 2_000, size: 0 }], {
    config: { limits: simpleLimits({ ...limits, perDomain: 5 }), transactionsPerConnection: 1_000 },
    destinations: '[[destination]]\nlatency = "100ms"\n',
  });
  const a = domain(report, 'a.example');
  assert.deepEqual([a.delivered, a.left, a.mostConnections, a.connections], [2_000, 0, 5, 5]);
  // Two round trips a message.
  near(a.finishedMs!, (2_000 * 200) / 5, 0.05);
  assert.equal(a.boundBy[0]!.by, 'domain a.example (5)');
  assert.ok(a.boundBy[0]!.share > 0.9);
  assert.equal(report.finishedMs, a.finishedMs);
  near(a.rate, 25, 0.05);
});

/** Round trips that a message takes on one of five connections that are always in use. */
function tripsAMessage(extensions: readonly string[], depth: SimulateOptions['depth'], size = 0): number {
  const report = run([{ to: 'a.example', count: 2_000, size }], {
    config: { limits: simpleLimits({ ...limits, perDomain: 5 }), transactionsPerConnection: 10_000 },
    destinations: `[[destination]]\nlatency = "100ms"\nbandwidth = "1GB"\nextensions = ${JSON.stringify(extensions)}\n`,
    depth,
  });
  const a = domain(report, 'a.example');
  assert.deepEqual([a.delivered, a.mostConnections], [2_000, 5]);
  return a.finishedMs! / ((2_000 / 5) * 100);
}

test('how many round trips a message takes depends on extensions and on transactions on the way', () => {
  const one = { data: 1, chunking: 1 };
  const several = { data: 2, chunking: 4 };
  near(tripsAMessage([], several), 4, 0.05);
  near(tripsAMessage(['PIPELINING'], one), 2, 0.05);
  near(tripsAMessage(['PIPELINING'], several), 1, 0.2);
  near(tripsAMessage(['PIPELINING', 'CHUNKING'], one), 1, 0.05);
  near(tripsAMessage(['PIPELINING', 'CHUNKING'], several), 0.25, 0.5);
  // Larger ones wait for the answer to their commands.
  near(tripsAMessage(['PIPELINING', 'CHUNKING'], { data: 2, chunking: 2 }, 100_000), 1, 0.2);
});

test('a rate binds', () => {
  const config = {
    limits: simpleLimits({
      ...limits,
      rules: [{ ...rule, messageRate: { count: 60, perMs: 60_000 } }],
    }),
  };
  const report = run([{ to: 'a.example', count: 600 }], { config });
  const a = domain(report, 'a.example');
  near(a.finishedMs!, 600_000, 0.02);
  assert.equal(a.boundBy[0]!.by, 'r: message_rate 60/min');
  assert.ok(a.boundBy[0]!.share > 0.9);
});

test('a destination that bans is reported, and so is greylisting', () => {
  const report = run(
    [
      { to: 'a.example', count: 100 },
      { to: 'grey.example', count: 3 },
    ],
    {
      destinations: `
        [[destination]]
        domain = ["a.example"]
        ban = { connections = 3, for = "10m" }
        [[destination]]
        domain = ["grey.example"]
        greylist = "4m"
      `,
    },
  );
  const [a, grey] = [domain(report, 'a.example'), domain(report, 'grey.example')];
  assert.ok(a.bans > 0 && a.banned >= a.bans && a.failedConnections >= a.banned);
  assert.equal(report.bans, a.bans);
  assert.equal(a.delivered, 100);
  assert.deepEqual([grey.delivered, grey.deferrals], [3, 3]);
  assert.ok(grey.firstDeliveredMs! >= 300_000);
});

test('tenants have delays of their own, by sender or by name', () => {
  const report = run(
    [
      { from: 'x@news.example', to: 'a.example', count: 5_000 },
      { from: 'y@shop.example', to: 'a.example', count: 5 },
      { tenant: 'crm', to: 'b.example' },
    ],
    { tenantOf: (sender) => ({ name: sender.includes('news') ? 'news' : 'shop', priority: 0 }) },
  );
  const delays = new Map(report.tenants.map((each) => [each.name, each]));
  assert.deepEqual([...delays.keys()], ['news', 'shop', 'crm']);
  assert.deepEqual([delays.get('news')!.messages, delays.get('shop')!.delivered], [5_000, 5]);
  assert.ok(delays.get('shop')!.worstDelayMs! < delays.get('news')!.worstDelayMs! / 10);
  assert.ok(delays.get('news')!.medianDelayMs! < delays.get('news')!.worstDelayMs!);
});

test('a simulation can be ended early, and reports what is left', () => {
  const report = run(
    [
      { to: 'a.example', count: 10 },
      { to: 'gone.example', count: 4 },
      { at: '2h', to: 'late.example' },
    ],
    {
      untilMs: 3_600_000,
      destinations: '[[destination]]\ndomain = ["gone.example"]\ndead = { how = "silent" }\n',
    },
  );
  assert.deepEqual(
    [report.delivered, report.left, report.finishedMs, report.untilMs],
    [10, 4, null, 3_600_000],
  );
  const gone = domain(report, 'gone.example');
  assert.deepEqual([gone.left, gone.finishedMs, gone.firstDeliveredMs], [4, null, null]);
  assert.equal(gone.boundBy[0]!.by, 'rest of failed addresses');
  assert.equal(domain(report, 'late.example').recipients, 0);
});

test('mail that never gets through fails at the end of its lifetime', () => {
  const report = run([{ to: 'gone.example' }, { to: 'null.example' }], {
    config: { lifetimeMs: 7_200_000 },
    destinations: `
      [[destination]]
      domain = ["gone.example"]
      dead = { how = "refused" }
      [[destination]]
      domain = ["null.example"]
      dns = { null_mx = true }
    `,
  });
  assert.deepEqual([report.delivered, report.failed, report.left], [0, 2, 0]);
  assert.equal(domain(report, 'gone.example').finishedMs, 7_200_000);
  assert.ok(domain(report, 'null.example').finishedMs! < 5_000);
});

test('with --by site, domains of one site are one row with its connections', () => {
  const report = run(
    [
      { to: 'a.example', count: 300 },
      { to: 'b.example', count: 300 },
    ],
    {
      config: { limits: simpleLimits({ ...limits, perSite: 4 }) },
      destinations: '[[destination]]\nmx = ["mx.host.example"]\n',
    },
  );
  assert.equal(report.sites.length, 1);
  const [site] = report.sites;
  assert.deepEqual(
    [site!.name, site!.domains, site!.recipients, site!.mostConnections],
    ['mx:mx.host.example:25', 2, 600, 4],
  );
  assert.ok(domain(report, 'a.example').mostConnections <= 4);
  assert.match(site!.boundBy[0]!.by, /^site mx:mx\.host\.example:25 \(4\)$/u);
});

test('the same seed gives the same report, and another seed another report', () => {
  const lines = [{ to: ['a.example', 'b.example'], count: 200, over: '1m' }];
  const change = { destinations: '[[destination]]\ndrops = 0.1\ndefers = 0.1\n' };
  assert.deepEqual(run(lines, change), run(lines, change));
  assert.notDeepEqual(run(lines, change), run(lines, { ...change, seed: 2 }));
});

test('a tarpit holds connections, and a greeting that takes too long is a failed connection', () => {
  const report = run([{ to: 'slow.example' }, { to: 'never.example' }], {
    config: { lifetimeMs: 3_600_000 },
    destinations: `
      [[destination]]
      domain = ["slow.example"]
      tarpit = { greeting = "4m", reply = "1m" }
      [[destination]]
      domain = ["never.example"]
      tarpit = { greeting = "5m" }
    `,
  });
  const slow = domain(report, 'slow.example');
  assert.ok(slow.firstDeliveredMs! >= 300_000 && slow.firstDeliveredMs! < 310_000);
  const never = domain(report, 'never.example');
  assert.deepEqual([never.failed, never.failedConnections > 0], [1, true]);
});
