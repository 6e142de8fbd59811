// Nobody waits for a stranger: worlds with many sites, some of them dead, slow or full, and how long the others take.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../../src/schedule/random.ts';
import type { SchedulerConfig } from '../../src/schedule/types.ts';
import { friendly, type Personality } from '../../sim/world/destination.ts';
import { Internet } from '../../sim/world/internet.ts';
import { ledgerRecipient } from '../../sim/world/ledger.ts';
import { World } from '../../sim/world/world.ts';
import { configOf, start, type ConfigChange } from './table.ts';

interface Group {
  readonly name: string;
  readonly domains: number;
  readonly messagesPerDomain: number;
  /** Hosts that all domains of the group share; as many as domains when not given. */
  readonly hosts?: number;
  readonly personality?: Partial<Personality>;
}

class Town {
  readonly world: World;
  readonly #startMs = new Map<string, number>();

  constructor(groups: readonly Group[], change: ConfigChange) {
    const internet = new Internet(new Random(1));
    const config: SchedulerConfig = configOf(change);
    this.world = new World({ seed: 1, internet, config, startMs: start, auditEvery: 997 });
    for (const [number, { name, domains, hosts = domains, personality = {} }] of groups.entries()) {
      for (let host = 0; host < hosts; host += 1)
        internet.addHost(ipOf(number, host), { ...friendly, ...personality });
      for (let domain = 0; domain < domains; domain += 1) {
        internet.addDomain(`${name}${domain}.example`, {
          name: `${name}${domain}`,
          addresses: [
            { ip: ipOf(number, domain % hosts), port: 25, host: `mx.${name}.example`, preference: 10 },
          ],
        });
      }
    }
    // Round after round over all domains, so that no group is first.
    for (let round = 0; groups.some(({ messagesPerDomain }) => round < messagesPerDomain); round += 1) {
      for (const { name, domains, messagesPerDomain } of groups) {
        for (let domain = 0; domain < domains && round < messagesPerDomain; domain += 1) {
          this.#submit(`${name}${domain}.example`, start + round * 10);
        }
      }
    }
  }

  /** Ms after the start when the last message of a group was delivered. */
  finishedMs(name: string): number {
    let last = 0;
    for (const { recipients } of this.world.ledger.messages.values()) {
      for (const { domain, endedAtMs } of recipients) {
        if (domain.startsWith(name)) last = Math.max(last, endedAtMs < 0 ? Infinity : endedAtMs - start);
      }
    }
    return last;
  }

  #submit(domain: string, atMs: number): void {
    const queueId = `${this.#startMs.size}`;
    this.#startMs.set(queueId, atMs);
    this.world.clock.at(atMs, () =>
      this.world.submit({
        queueId,
        receivedAtMs: atMs,
        nullSender: false,
        held: false,
        done: false,
        recipients: [ledgerRecipient(0, domain)],
      }),
    );
  }
}

function ipOf(group: number, host: number): string {
  return `10.${group}.${host >> 8}.${host & 255}`;
}

const healthy: Group = { name: 'healthy', domains: 20, messagesPerDomain: 50 };

test('healthy destinations finish at the same time, however many others are dead or refuse', () => {
  const alone = new Town([healthy], { limits: { perSite: 2 } });
  alone.world.run(start + 600_000);
  for (const personality of [{ deadUntilMs: Infinity }, { refuses: 1 }]) {
    const others: Group = { name: 'dead', domains: 500, messagesPerDomain: 3, personality };
    const among = new Town([healthy, others], { limits: { global: 2_000, perSite: 2 } });
    among.world.run(start + 600_000);
    assert.ok(alone.finishedMs('healthy') < 60_000);
    const slower = among.finishedMs('healthy') / alone.finishedMs('healthy');
    assert.ok(slower < 1.1, `${slower} times as long`);
  }
});

test('destinations parked on their limits do not delay others', () => {
  const alone = new Town([healthy], { limits: { perSite: 2, perIp: 2 } });
  alone.world.run(start + 600_000);
  // Three hundred domains on one slow host that takes two connections.
  const others: Group = {
    name: 'slow',
    domains: 300,
    hosts: 1,
    messagesPerDomain: 5,
    personality: { latencyMs: 5_000 },
  };
  const among = new Town([healthy, others], { limits: { perSite: 2, perIp: 2 } });
  among.world.run(start + 600_000);
  const slower = among.finishedMs('healthy') / alone.finishedMs('healthy');
  assert.ok(slower < 1.1, `${slower} times as long`);
});

test('domains that share one full host are served in turn: none is starved', () => {
  const town = new Town(
    [
      { name: 'shared', domains: 40, hosts: 1, messagesPerDomain: 5 },
      { name: 'other', domains: 40, messagesPerDomain: 40 },
    ],
    // Two scarce limits at once: all connections, and those to the shared host.
    { limits: { global: 8, perIp: 1, perSite: 1, perDomain: 1 }, transactionsPerConnection: 1 },
  );
  town.world.run(start + 3_600_000);
  const shared = town.finishedMs('shared');
  const other = town.finishedMs('other');
  assert.ok(shared <= other, `the shared host's domains took ${shared} ms, all others ${other} ms`);
  town.world.run(start + 40 * 86_400_000);
  town.world.finish();
});
