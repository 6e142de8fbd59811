// Destinations do not delay each other: many sites, some of them dead, slow or full, and how long the others take.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../../src/schedule/store/random.ts';
import type { SchedulerConfig } from '../../src/schedule/types.ts';
import type { HostOptions, PipelineDepth } from '../../src/simulate/host.ts';
import { Internet, steady } from '../../src/simulate/internet.ts';
import { Dead } from '../../src/simulate/traits/dead.ts';
import { ledgerMessage } from '../../sim/world/ledger.ts';
import { World } from '../../sim/world/world.ts';
import { configOf, start, type ConfigChange } from './table.ts';
import { smtpHop } from '../../src/route/next-hop.ts';

interface Group {
  readonly name: string;
  readonly domains: number;
  readonly messagesPerDomain: number;
  /** Hosts that all domains of the group share; without it, each domain has a host. */
  readonly hosts?: number;
  readonly options?: Partial<HostOptions>;
}

class Town {
  readonly world: World;
  #messages = 0;

  constructor(groups: readonly Group[], change: ConfigChange, depth?: PipelineDepth) {
    const internet = new Internet(new Random(1));
    const config: SchedulerConfig = configOf(change);
    this.world = new World({ seed: 1, internet, config, startMs: start, auditEvery: 997, depth });
    for (const [number, { name, domains, hosts = domains, options = {} }] of groups.entries()) {
      for (let host = 0; host < hosts; host++) internet.addHost(ipOf(number, host), options);
      for (let domain = 0; domain < domains; domain++) {
        internet.addDomain(
          `${name}${domain}.example`,
          steady({
            name: `${name}${domain}`,
            label: `mx.${name}.example`,
            addresses: [smtpHop(`mx.${name}.example`, ipOf(number, domain % hosts), 25, 10)],
          }),
        );
      }
    }
    // Round after round over all domains, so that no group is first.
    for (let round = 0; groups.some(({ messagesPerDomain }) => round < messagesPerDomain); round++) {
      for (const { name, domains, messagesPerDomain } of groups) {
        for (let domain = 0; domain < domains && round < messagesPerDomain; domain++) {
          this.#submit(`${name}${domain}.example`, start + round * 10);
        }
      }
    }
  }

  /** Ms from the start to the last delivery of each group. */
  finishedMs(name: string): number {
    let last = 0;
    for (const { recipients } of this.world.ledger.messages) {
      for (const { domain, endedAtMs } of recipients) {
        if (domain.startsWith(name)) last = Math.max(last, endedAtMs < 0 ? Infinity : endedAtMs - start);
      }
    }
    return last;
  }

  #submit(domain: string, atMs: number): void {
    const message = ledgerMessage(this.#messages, atMs, [domain]);
    this.#messages++;
    this.world.clock.at(atMs, () => this.world.submit(message));
  }
}

function ipOf(group: number, host: number): string {
  return `10.${group}.${host >> 8}.${host & 255}`;
}

const healthy: Group = { name: 'healthy', domains: 20, messagesPerDomain: 50 };
const depths: readonly (PipelineDepth | undefined)[] = [undefined, { data: 2, chunking: 4 }];

test('healthy destinations finish equally soon, however many others are dead or refuse', () => {
  for (const [how, depth] of [
    ['silent', undefined],
    ['refused', undefined],
    ['silent', { data: 2, chunking: 4 }],
  ] as const) {
    const alone = new Town([healthy], { limits: { perSite: 2 } }, depth);
    alone.world.run(start + 600_000);
    const options = { traits: [new Dead({ how, fromMs: 0, untilMs: Infinity })] };
    const others: Group = { name: 'dead', domains: 500, messagesPerDomain: 3, options };
    const among = new Town([healthy, others], { limits: { global: 2_000, perSite: 2 } }, depth);
    among.world.run(start + 600_000);
    assert.ok(alone.finishedMs('healthy') < 60_000);
    const slower = among.finishedMs('healthy') / alone.finishedMs('healthy');
    assert.ok(slower < 1.1, `${slower} times as long`);
  }
});

test('destinations parked on their limits do not delay others', () => {
  for (const depth of depths) {
    const alone = new Town([healthy], { limits: { perSite: 2, perIp: 2 } }, depth);
    alone.world.run(start + 600_000);
    // Three hundred domains on one slow host that takes two connections.
    const others: Group = {
      name: 'slow',
      domains: 300,
      hosts: 1,
      messagesPerDomain: 5,
      options: { latencyMs: 2_500 },
    };
    const among = new Town([healthy, others], { limits: { perSite: 2, perIp: 2 } }, depth);
    among.world.run(start + 600_000);
    const slower = among.finishedMs('healthy') / alone.finishedMs('healthy');
    assert.ok(slower < 1.1, `${slower} times as long`);
  }
});

test('domains that share one full host are served in turn', () => {
  for (const [depth, transactionsPerConnection] of [
    [undefined, 1],
    [{ data: 2, chunking: 4 }, 3],
  ] as const) {
    const town = new Town(
      [
        { name: 'shared', domains: 40, hosts: 1, messagesPerDomain: 5 },
        { name: 'other', domains: 40, messagesPerDomain: 40 },
      ],
      // Two limits bind at once: the global one, and that of the shared host.
      { limits: { global: 8, perIp: 1, perSite: 1, perDomain: 1 }, transactionsPerConnection },
      depth,
    );
    town.world.run(start + 3_600_000);
    const shared = town.finishedMs('shared');
    const other = town.finishedMs('other');
    assert.ok(shared <= other, `the shared host's domains took ${shared} ms, all others ${other} ms`);
    town.world.run(start + 40 * 86_400_000);
    town.world.finish();
  }
});
