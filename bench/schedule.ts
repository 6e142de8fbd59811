// The scheduler alone: microseconds per decision and bytes per waiting recipient, up to a million recipients over
// 100,000 sites, 90 % of the sites parked on a limit. Run: node --expose-gc bench/schedule.ts [--json]
// Every size runs in a process of its own, so that it starts without garbage of another one.

import { simpleLimits, type SimpleLimits } from '../sim/world/simple-limits.ts';
import { spawnSync } from 'node:child_process';
import { setFlagsFromString } from 'node:v8';
import type { RelayPlan, RoutePlan } from '../src/route/types.ts';
import { remoteRefusal } from '../src/message/refusal.ts';
import { createScheduler } from '../src/schedule/create-scheduler.ts';
import { drive, type EffectHandlers } from '../src/schedule/drive.ts';
import { Random } from '../src/schedule/store/random.ts';
import type { ConnectionHandle, Scheduler, SchedulerConfig, Transaction } from '../src/schedule/types.ts';
import { smtpHop } from '../src/route/next-hop.ts';

interface Row {
  readonly recipients: number;
  readonly sites: number;
  /** One message with one recipient: begin, add, commit. */
  readonly commitUs: number;
  /** A message on an open connection, from commit to done; for sites that are not parked. */
  readonly cycleUs: number;
  /** A message with a connection of its own: connect, ready, done, close. */
  readonly connectUs: number;
  /** A deferral and the start of the next attempt. */
  readonly retryUs: number;
  /** Memory (heap and array buffers) per recipient that waits for its next attempt, all on one route. */
  readonly bytesAlone: number;
  /** Memory per waiting recipient over all sites, with routes and their keys. */
  readonly bytesWaiting: number;
  /** Memory per recipient with nine of ten ready on parked routes, with routes, sites and their keys. */
  readonly bytesParked: number;
  /** Memory of the plans per recipient, which the router's cache holds. */
  readonly bytesPlans: number;
}

/** The destination's reply that defers a recipient. */
const later = remoteRefusal(
  { host: 'mx.example.net', endpoint: { kind: 'tcp', ip: '192.0.2.1', port: 25 } },
  { code: 450, enhanced: '4.7.1', lines: ['Greylisted, try again later'], command: 'RCPT' },
  false,
);

const startMs = 1_700_000_000_000;
const sizes: readonly (readonly [recipients: number, sites: number])[] = [
  [1_000, 100],
  [100_000, 10_000],
  [1_000_000, 100_000],
];

function configOf(limits: Partial<SimpleLimits>): SchedulerConfig {
  return {
    retryMs: [300_000, 1_200_000, 3_600_000],
    retryJitter: 0.2,
    lifetimeMs: 5 * 86_400_000,
    bounceLifetimeMs: 86_400_000,
    idleConnectionMs: 5_000,
    recipientsPerTransaction: 100,
    transactionsPerConnection: 1_000_000,
    addressRestMs: [60_000],
    limits: simpleLimits({ global: 1_000_000, perDomain: 50, perSite: 50, perIp: 50, ...limits }),
    seed: 1,
  };
}

/** Every tenth site is left free for the measurement. */
function isFree(site: number): boolean {
  return site % 10 === 0;
}

/** The plans, which the router caches; their memory is counted apart. */
let plans: readonly RoutePlan[] = [];

function newPlan(site: number): RoutePlan {
  const plan: RelayPlan = {
    kind: 'relay',
    site: `site-${site}`,
    label: `mx1.host${site}.example,mx2.host${site}.example`,
    addresses: [
      smtpHop(
        `mx1.host${site}.example`,
        // Nine of ten sites are hosted on the same hundred addresses.
        isFree(site)
          ? `10.${(site >> 16) & 255}.${(site >> 8) & 255}.${site & 255}`
          : `192.0.2.${site % 100}`,
        25,
        10,
      ),
    ],
  };
  return { ...plan, validUntilMs: startMs + 30 * 86_400_000 };
}

/** A scheduler with the parts of a manager that a measurement needs. */
class Bench {
  readonly scheduler: Scheduler;
  nowMs = startMs;
  #ids = 0;
  /** Grants that wait for an answer. */
  readonly granted: { connection: ConnectionHandle; transaction: Transaction }[] = [];

  constructor(config: SchedulerConfig) {
    this.scheduler = createScheduler(config, startMs);
  }

  submit(site: number, nextAttemptAtMs = 0): void {
    const { scheduler } = this;
    const domain = `host${site}.example`;
    const message = scheduler.begin({
      queueId: (++this.#ids).toString(36).padStart(15, '0'),
      receivedAtMs: this.nowMs,
      nullSender: false,
      held: false,
    });
    scheduler.add(message, {
      recipient: 0,
      route: `mx:${domain}`,
      domain,
      attempts: 0,
      nextAttemptAtMs,
      lastRefusal: '',
    });
    scheduler.commit(message, this.nowMs);
    this.drain();
  }

  readonly #handlers: EffectHandlers = {
    resolve: ({ route }) =>
      this.scheduler.routeResolved(route, plans[Number(route.slice(7, -8))]!, this.nowMs),
    connect: (effect) => void this.granted.push(effect),
    transact: (effect) => void this.granted.push(effect),
    close: ({ connection }) => this.scheduler.connectionClosed(connection, { kind: 'closed' }, this.nowMs),
    visit: () => undefined,
    deferred: () => undefined,
    delivered: () => undefined,
    failed: () => undefined,
    done: () => undefined,
  };

  drain(): void {
    drive(this.scheduler, this.#handlers);
  }

  finish(
    { connection, transaction }: Bench['granted'][number],
    result: 'delivered' | 'tempfail',
    reusable: boolean,
  ): void {
    const recipient = transaction.recipients[0] ?? 0;
    const done =
      result === 'delivered'
        ? ({ recipient, result } as const)
        : ({ recipient, result: 'refused', refusal: later } as const);
    this.scheduler.transactionDone(connection, [done], reusable, this.nowMs);
    this.drain();
    if (!reusable) {
      this.scheduler.connectionClosed(connection, { kind: 'closed' }, this.nowMs);
      this.drain();
    }
  }
}

function measure(recipients: number, sites: number): Row {
  const random = new Random(1);
  const before = memory();
  plans = Array.from({ length: sites }, (_, site) => newPlan(site));
  const bytesPlans = (memory() - before) / recipients;
  const waiting = (over: number): number =>
    memoryOf(() => {
      const bench = new Bench(configOf({}));
      for (let count = 0; count < recipients; count++) {
        bench.submit(count % over, startMs + 1_000 + random.below(10_000_000));
      }
      return bench;
    }).bytes / recipients;
  waiting(1);
  const bytesAlone = waiting(1);
  const bytesWaiting = waiting(sites);
  let commitUs = 0;
  const { bytes, made } = memoryOf(() => {
    // The connections to those hundred addresses are busy for ever, and the work of nine of ten sites is parked.
    const bench = new Bench(configOf({ perIp: 10 }));
    const begun = cpuUs();
    for (let count = 0; count < recipients; count++) {
      const site = count % sites;
      bench.submit(site, isFree(site) ? startMs + 1_000 + random.below(10_000_000) : 0);
    }
    commitUs = (cpuUs() - begun) / recipients;
    return bench;
  });
  made.granted.length = 0;
  return {
    recipients,
    sites,
    commitUs,
    cycleUs: cycle(made, sites, true),
    connectUs: cycle(made, sites, false),
    retryUs: retry(made, sites),
    bytesAlone,
    bytesWaiting,
    bytesParked: bytes / recipients,
    bytesPlans,
  };
}

const rounds = 100_000;

function cycle(bench: Bench, sites: number, reuse: boolean): number {
  const free = Math.max(1, Math.min(50, Math.floor(sites / 10)));
  const run = (count: number): void => {
    for (let round = 0; round < count; round++) {
      bench.submit((round % free) * 10);
      while (bench.granted.length > 0) bench.finish(bench.granted.pop()!, 'delivered', reuse);
    }
  };
  run(rounds / 5);
  const begun = cpuUs();
  run(rounds);
  return (cpuUs() - begun) / rounds;
}

function retry(bench: Bench, sites: number): number {
  const free = Math.max(1, Math.min(50, Math.floor(sites / 10)));
  const begun = cpuUs();
  for (let round = 0; round < rounds; round++) {
    bench.submit((round % free) * 10);
    while (bench.granted.length > 0) bench.finish(bench.granted.pop()!, 'tempfail', true);
    bench.nowMs++;
    bench.scheduler.tick(bench.nowMs);
    bench.drain();
  }
  return (cpuUs() - begun) / rounds;
}

/** The hot case: one site, 50 connections that are never idle, a message with one recipient each. */
function hot(): number {
  plans = [newPlan(0)];
  const bench = new Bench(configOf({}));
  const run = (count: number): void => {
    for (let round = 0; round < count; round++) {
      bench.submit(0);
      bench.finish(bench.granted[round % 50]!, 'delivered', true);
      bench.granted[round % 50] = bench.granted.pop()!;
    }
  };
  for (let count = 0; count < 100; count++) bench.submit(0);
  run(rounds);
  const begun = cpuUs();
  run(rounds * 5);
  return (cpuUs() - begun) / (rounds * 5);
}

/** CPU time of this process, which does not depend on how busy the machine is. */
function cpuUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

function memoryOf(make: () => Bench): { bytes: number; made: Bench } {
  const before = memory();
  const made = make();
  return { bytes: memory() - before, made };
}

function memory(): number {
  if (globalThis.gc === undefined)
    throw new Error('Run with --expose-gc: memory is measured after a collection.');
  for (let pass = 0; pass < 4; pass++) globalThis.gc();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

// Otherwise unused code, 4.7 MB of it Node's own, would be freed in the middle of a measurement.
setFlagsFromString('--no-flush-bytecode');
const [, , what, recipients, sites] = process.argv;
if (what === '--size') {
  process.stdout.write(JSON.stringify(measure(Number(recipients), Number(sites))));
} else if (what === '--hot') {
  process.stdout.write(JSON.stringify(hot()));
} else {
  const child = (...args: string[]): unknown => {
    const { stdout, stderr, status } = spawnSync(
      process.execPath,
      ['--expose-gc', '--max-old-space-size=4096', import.meta.filename, ...args],
      { encoding: 'utf8' },
    );
    if (status !== 0) throw new Error(stderr);
    return JSON.parse(stdout);
  };
  const hotUs = child('--hot') as number;
  const rows = sizes.map((size) => child('--size', ...size.map(String)) as Row);
  if (what === '--json') {
    console.log(JSON.stringify({ hotUs, rows }));
  } else {
    console.log(`hot cycle (one site, 50 busy connections): ${hotUs.toFixed(2)} us a message`);
    console.table(
      rows.map((row) =>
        Object.fromEntries(
          Object.entries(row).map(([key, value]) => [key, Number((value as number).toFixed(2))]),
        ),
      ),
    );
  }
}
