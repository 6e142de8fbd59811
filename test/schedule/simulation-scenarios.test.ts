// What shaping promises, as scenarios with numbers: a big tenant and a small one, dead domains, destinations that say "slow
// down", priorities. On virtual time, with the default configuration.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../src/config/config.ts';
import { schedulerConfig } from '../../src/settings/settings.ts';
import type { PipelineDepth } from '../../src/simulate/host.ts';
import { RouteTable } from '../../src/route/route-table.ts';
import { Random } from '../../src/schedule/store/random.ts';
import { Internet, steady } from '../../src/simulate/internet.ts';
import { readDestinations } from '../../src/simulate/read-destinations.ts';
import { WorkloadReader } from '../../src/simulate/read-workload.ts';
import type { SimulationReport, TenantReport } from '../../src/simulate/report.ts';
import { simulate } from '../../src/simulate/simulate.ts';
import { ledgerMessage } from '../../sim/world/ledger.ts';
import { Priorities } from '../../sim/world/priorities.ts';
import { simpleLimits } from '../../sim/world/simple-limits.ts';
import { World } from '../../sim/world/world.ts';
import { configOf, start } from './table.ts';
import { smtpHop } from '../../src/route/next-hop.ts';

const day = 86_400_000;

function run(
  lines: readonly object[],
  config: string,
  destinations: string,
  untilMs = day,
  depth?: PipelineDepth,
): SimulationReport {
  const reader = new WorkloadReader('scenario');
  for (const line of lines) reader.line(JSON.stringify(line));
  return simulate({
    config: schedulerConfig(parseConfig(config, 'sluice.toml')),
    timeouts: { connectMs: 30_000, greetingMs: 300_000, replyMs: 600_000 },
    routes: new RouteTable([]),
    tenantOf: () => undefined,
    workload: reader.end(),
    destinations: readDestinations(destinations, 'destinations.toml'),
    seed: 1,
    untilMs,
    depth,
  });
}

function tenant(report: SimulationReport, name: string): TenantReport {
  const found = report.tenants.find((each) => each.name === name);
  assert.ok(found !== undefined);
  return found;
}

/** One transaction at a time on each connection, or several. */
const depths: readonly PipelineDepth[] = [
  { data: 1, chunking: 1 },
  { data: 2, chunking: 4 },
];

for (const depth of depths) {
  test(`a hundred thousand messages of one tenant do not delay ten of another to the same domain, ${depth.data} at once`, () => {
    const big = { to: 'shared.example', count: 100_000, tenant: 'big' };
    const small = { at: '1m', to: 'shared.example', count: 10, tenant: 'small' };
    const destinations = '[[destination]]\nlatency = "50ms"\n';
    const alone = tenant(run([small], '', destinations, day, depth), 'small');
    const among = run([big, small], '', destinations, day, depth);
    assert.ok(tenant(among, 'big').worstDelayMs! > 300_000);
    const delay = tenant(among, 'small').worstDelayMs!;
    assert.ok(delay < alone.worstDelayMs! + 2_000, `${delay} ms, alone ${alone.worstDelayMs} ms`);
  });

  test(`tenants with equal weights and equal mail finish together; a higher weight finishes sooner in proportion, ${depth.data} at once`, () => {
    const both = ['one', 'two'].map((tenant) => ({ to: 'shared.example', count: 5_000, tenant }));
    const equal = run(both, '', '', day, depth);
    const [one, two] = ['one', 'two'].map((name) => tenant(equal, name).medianDelayMs!);
    assert.ok(Math.abs(one! - two!) < 0.05 * two!, `${one} and ${two} ms`);
    const weights = '[[tenant]]\nname = "one"\nweight = 3\nsender = ["one.example"]\n';
    const unequal = run(both, weights, '', day, depth);
    // The first tenant has three of four turns while both have mail: 7,500 messages against 3,333, or 2.25.
    const ratio = tenant(unequal, 'two').medianDelayMs! / tenant(unequal, 'one').medianDelayMs!;
    assert.ok(ratio > 2 && ratio < 2.5, `${ratio} times as long`);
  });
}

/** The mean time at which healthy domains finished, and the median delay of their mail. */
function healthyOnes(report: SimulationReport): readonly [mean: number, delay: number] {
  const rows = report.domains.filter(({ name }) => name.startsWith('healthy'));
  assert.ok(rows.every(({ left, failed }) => left + failed === 0));
  const mean = rows.reduce((sum, { finishedMs }) => sum + finishedMs!, 0) / rows.length;
  // Dead domains deliver nothing, so all delays are those of healthy ones.
  return [mean, tenant(report, '').medianDelayMs!];
}

const tenThousand = Array.from({ length: 10_000 }, (_, index) => `host${index}.dead.example`);
interface Crowd {
  readonly count: number;
  readonly over?: string;
  readonly at?: string;
}
const crowds: readonly (readonly [name: string, healthy: Crowd, dead: Crowd])[] = [
  ['mail comes over a minute', { count: 300, over: '1m' }, { count: 2, over: '30s' }],
  ['a burst to the dead while all connections are in use', { count: 1_000 }, { count: 2, at: '5s' }],
  ['everything comes at once, the dead first', { count: 1_000 }, { count: 2 }],
];

for (const [name, ofHealthy, ofDead] of crowds) {
  test(`ten thousand dead domains slow the healthy ones by less than 5 %: ${name}`, () => {
    const healthy = Array.from({ length: 200 }, (_, index) => ({
      to: `healthy${index}.example`,
      ...ofHealthy,
    }));
    const dead = tenThousand.map((to) => Object.assign({ to }, ofDead));
    // With several at once, one of these suffices.
    const kinds = [
      ['silent', depths[0]],
      ['refused', depths[0]],
      ...(ofDead.at === undefined && ofHealthy.over === undefined ? [['silent', depths[1]] as const] : []),
    ] as const;
    for (const [how, depth] of kinds) {
      const alone = healthyOnes(run(healthy, '', '', day, depth));
      const destinations = `[[destination]]\ndomain = ["*.dead.example"]\ndead = { how = "${how}" }\n`;
      const report = run([...dead, ...healthy], '', destinations, 180_000, depth);
      const among = healthyOnes(report);
      for (const [at, ms] of among.entries()) {
        assert.ok(ms < 1.05 * alone[at]!, `${how}: ${among.join(', ')} ms, alone ${alone.join(', ')} ms`);
      }
      // max_connections and max_unanswered.
      assert.ok(report.mostConnections <= 11_000);
    }
  });
}

test('with a destination that says "slow down" few messages are deferred, and its rate is nearly used', () => {
  const lines = [{ to: 'strict.example', count: 10_000 }];
  const destinations = '[[destination]]\nlatency = "50ms"\nrate = { messages = "600/min" }\n';
  const [deaf, adapting] = ['false', 'true'].map((enabled) =>
    run(lines, `[adapt]\nenabled = ${enabled}\n`, destinations),
  );
  assert.equal(adapting!.delivered, 10_000);
  assert.ok(
    adapting!.deferrals * 10 < deaf!.deferrals,
    `${adapting!.deferrals} deferred, ${deaf!.deferrals} without adaptation`,
  );
  assert.ok(adapting!.finishedMs! < 1.5 * 1_000_000, `${adapting!.finishedMs} ms`);
});

test('within a tenant and domain, priority comes before age, in any order of arrival', () => {
  for (let seed = 0; seed < 30; seed++) {
    const random = new Random(seed);
    const internet = new Internet(random);
    const domains = Array.from({ length: 3 }, (_, index) => `domain${index}.example`);
    for (const [index, domain] of domains.entries()) {
      const ip = `192.0.2.${index + 1}`;
      internet.addHost(ip);
      const address = smtpHop(`mx.${domain}`, ip, 25, 10);
      internet.addDomain(domain, steady({ name: domain, label: domain, addresses: [address] }));
    }
    let priorities: Priorities | undefined;
    const world = new World({
      seed,
      internet,
      config: configOf({ limits: simpleLimits({ global: 3, perDomain: 2, perSite: 2, perIp: 2 }) }),
      startMs: start,
      auditEvery: 11,
      judges: (ledger) => [(priorities = new Priorities(ledger))],
    });
    const times = Array.from({ length: 120 }, () => start + random.below(3_000)).sort((a, b) => a - b);
    for (const [number, atMs] of times.entries()) {
      const message = ledgerMessage(number, atMs, [domains[random.below(3)]!], {
        tenant: random.next() < 0.5 ? 'shop' : '',
        priority: random.below(19) - 9,
      });
      world.clock.at(atMs, () => world.submit(message));
    }
    world.run(start + day);
    world.finish();
    assert.ok(priorities!.judged > 300, `${priorities!.judged} comparisons`);
  }
});
