// What a seed makes of the world: how many processes, domains and hosts, which limits, how large the disk is, what is sent
// when, and which faults there may be. Most worlds are small, so that thousands of them can be looked at.

import { type Config, defaultConfig, type RouteConfig, type SourceConfig } from '../../src/config/config.ts';
import { Random } from '../../src/schedule/store/random.ts';
import { pick } from '../world/some-internet.ts';
import { someFaults, type Planned } from './faults.ts';
import { Host, Internet, type Temper } from './internet.ts';
import { someLimits } from './some-limits.ts';
import { home, someMail, someTenants, type SomeMail, type Tenancy } from './some-mail.ts';

/** Faults happen for so long after the start, in ms; then everything is well until all mail has ended. */
export const faultsMs = 30_000;

export interface Scenario {
  readonly random: Random;
  readonly senders: number;
  readonly receivers: number;
  readonly internet: Internet;
  readonly config: Config;
  readonly mail: readonly SomeMail[];
  readonly faults: readonly Planned[];
  /** Ms that one step of the disk takes at most, when it is well. */
  readonly diskMs: number;
  readonly openFiles: number;
  readonly capacityBytes: number;
}

export const postmaster = `postmaster@${home}`;
export const spool = '/spool';
/** A process needs so many open files for itself. */
export const ownFiles = 48;

const base = defaultConfig();

export function scenarioOf(seed: number): Scenario {
  const random = new Random(seed);
  const isLarge = random.next() < 0.05;
  const internet = someInternet(random, isLarge, new Random(seed ^ 0xd3e7));
  const senders = 1 + random.below(3);
  const tenants = someTenants(random);
  return {
    random,
    senders,
    receivers: 1 + random.below(2),
    internet,
    config: someConfig(random, internet, senders, tenants),
    faults: someFaults(random, faultsMs),
    mail: someMail(random, {
      domains: [...internet.domains.keys()].filter((domain) => domain !== home),
      tenants,
      count: isLarge ? 80 + random.below(120) : 4 + random.below(20),
      withinMs: faultsMs * 0.8,
    }),
    capacityBytes: 4_000_000,
    openFiles: someOpenFiles(random),
    diskMs: pick(random, [0.2, 1, 1, 5]),
  };
}

/** Routes have names that say where they lead, names that are kept when they lead elsewhere, or none. */
const namings: readonly ((host: string, index: number) => string | undefined)[] = [
  (host) => `to ${host}`,
  (_, index) => `relay ${index}`,
  () => undefined,
];

/** Some domains go to other hosts than their MX. */
export function withOtherRoutes(random: Random, config: Config, internet: Internet): Config {
  const hosts = [...internet.hosts.values()];
  const domains = [...internet.domains.keys()].filter((domain) => domain !== home && random.next() < 0.5);
  const byHost = Map.groupBy(domains, () => pick(random, hosts).name);
  const naming = pick(random, namings);
  const route = [...byHost].map(([host, moved], index): RouteConfig => ({
    name: naming(host, index),
    kind: 'relay',
    domain: moved.map((domain) => ({ kind: 'exact', domain })),
    sender: [],
    relay: [{ host, port: 25 }],
    mode: 'failover',
  }));
  return { ...config, route };
}

/** Files that a process may have open: enough, or hardly any more than it needs for itself. */
export function someOpenFiles(random: Random): number {
  return pick(random, [10_000, 10_000, ownFiles + 1, ownFiles + 3, ownFiles + 6]);
}

/** Other limits, and nothing else that is different. */
export function withOtherLimits(random: Random, config: Config, internet: Internet): Config {
  return {
    ...config,
    deliver: { ...config.deliver, maxConnections: 1 + random.below(12) },
    limit: limitsIn(random, config, internet),
  };
}

/** @param depths - of its own, so that depths change nothing else in a world */
function someInternet(random: Random, isLarge: boolean, depths: Random): Internet {
  const count = isLarge ? 8 + random.below(8) : 1 + random.below(6);
  const hosts = Array.from({ length: 1 + random.below(count) }, (_, index) => {
    const temper = someTemper(random);
    const isDead = index > 0 && random.next() < 0.1;
    const depth = pick(depths, [1, 1, 2, 4]);
    return new Host(`mx${index}.${under(random)}`, `192.0.2.${index + 1}`, temper, isDead, depth);
  });
  const domains = Array.from({ length: count }, (_, index) => {
    const first = pick(random, hosts);
    const second = random.next() < 0.3 ? pick(random, hosts) : first;
    return { domain: `d${index}.${under(random)}`, hosts: first === second ? [first] : [first, second] };
  });
  const own = new Host('mx.home.example', '198.51.100.1', someTemper(random), false, pick(depths, [1, 2, 4]));
  return new Internet([...domains, { domain: home, hosts: [own] }]);
}

/** Some names are below others, for limits that match all of these. */
function under(random: Random): string {
  return random.next() < 0.3 ? 'big.example' : 'example';
}

function someTemper(random: Random): Temper {
  const isWild = random.next() < 0.4;
  const share = (most: number): number => (isWild && random.next() < 0.4 ? random.next() * most : 0);
  return {
    replyMs: pick(random, [1, 5, 20, 100, 400]),
    greetingMs: pick(random, [1, 1, 20, 800, 6_000, 9_000]),
    contentMs: pick(random, [1, 20, 500, 500, 4_000, 9_000]),
    refuses: share(0.3),
    hangs: share(0.2),
    greets4xx: share(0.2),
    dropsBefore: share(0.2),
    dropsAfter: share(0.2),
    isBusy: share(0.4),
    closesAfter: share(0.5),
  };
}

function someConfig(
  random: Random,
  internet: Internet,
  senders: number,
  tenants: readonly Tenancy[],
): Config {
  const largeMessage = pick(random, [4_096, 1_048_576]);
  const config: Config = {
    ...base,
    hostname: 'sluice.example',
    spool,
    processes: { ...base.processes, senders },
    receive: { ...base.receive, largeMessage },
    bounce: { ...base.bounce, from: 'MAILER-DAEMON@sluice.example', postmaster },
    queue: {
      ...base.queue,
      retry: pick(random, [
        [1_000, 2_000, 8_000],
        [500, 4_000, 8_000],
        [3_000, 9_000],
      ]),
      retryJitter: 0.2,
      lifetime: pick(random, [35_000, 45_000, 70_000]),
      bounceLifetime: 600_000,
      segmentSize: pick(random, [2_048, 8_192, 8_192, 16_384]),
      reserve: 0,
      journalSync: pick(random, [20, 100, 1_000]),
      relocateAfter: pick(random, [1_000, 1_000, 5_000, 20_000]),
    },
    deliver: {
      ...base.deliver,
      maxConnections: 1 + random.below(12),
      maxUnanswered: pick(random, [0, 0, 5]),
      recipientsPerTransaction: pick(random, [1, 2, 10]),
      transactionsPerConnection: 1 + random.below(8),
      idleConnection: pick(random, [500, 2_000, 5_000]),
      addressRest: [1_000, 4_000],
    },
    tenant: tenants.map((each) => each.config),
    source: someSources(random),
    adapt: { ...base.adapt, enabled: random.next() < 0.5, startConnections: 1 + random.below(5) },
  };
  return { ...config, limit: limitsIn(random, config, internet) };
}

/** Own addresses: none, so that the system chooses, or several. */
function someSources(random: Random): SourceConfig[] {
  if (random.next() < 0.6) return [];
  return Array.from({ length: 2 + random.below(2) }, (_, index) => ({
    address: `203.0.113.${index + 1}`,
    heloName: 'sluice.example',
  }));
}

function limitsIn(random: Random, { source, tenant }: Config, internet: Internet): Config['limit'] {
  return someLimits(random, {
    domains: [...internet.domains.keys()],
    hosts: [...internet.hosts.values()],
    sources: source.map(({ address }) => address),
    tenants: tenant.map(({ name }) => name),
  });
}
