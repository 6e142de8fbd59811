// The events of a simulated world, all from a seed: mail comes in, operators interfere, limits change, the manager dies.

import type { ReactionAction, ReactionRule } from '../../src/schedule/adapt/types.ts';
import type { LimitRule } from '../../src/schedule/limits/types.ts';
import { Random } from '../../src/schedule/store/random.ts';
import type { State } from '../../src/schedule/state.ts';
import type { SchedulerConfig } from '../../src/schedule/types.ts';
import type { PipelineDepth } from '../../src/simulate/host.ts';
import type { Witness } from '../../src/simulate/witness.ts';
import { parseMoment } from '../../src/values/moment.ts';
import { evaluate, seedFailed } from '../seed-failed.ts';
import { type Ledger, ledgerMessage, type LedgerMessage } from './ledger.ts';
import { simpleLimits } from './simple-limits.ts';
import { pick, someInternet } from './some-internet.ts';
import { TlsPolicies, withTlsPolicies } from './tls-policies.ts';
import { someLimits, type Surroundings } from './some-limits.ts';
import { scheduledStarts, Schedules, someSchedules } from './some-schedules.ts';
import { Visits } from './visits.ts';
import { World } from './world.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const usualStartMs = 1_700_000_000_000;

export interface StoryOptions {
  readonly seed: number;
  readonly messages: number;
  /** Share of the hosts and domains, in [0, 1], that have a fault. */
  readonly trouble: number;
  readonly crashes: number;
  readonly operators: boolean;
  /** How often somebody sets the system's clock, by up to two years either way. */
  readonly clockSteps?: number;
  /** True: limits of all kinds, tenants, several sources, adaptation and reactions. Else the same few limits for all. */
  readonly shaping?: boolean;
  /** True: several transactions may be on the way on a connection. */
  readonly pipelines?: boolean;
  /** See `WorldOptions`. */
  readonly sabotage?: ((state: State) => void) | undefined;
  /** `told`: domains have TLS policies; `untold`: and plans do not tell them apart, which the judges have to notice. */
  readonly policies?: 'told' | 'untold';
  /** True: schedules with retry times, lifetimes and delivery windows of their own, in zones whose clocks change. */
  readonly schedules?: boolean;
  /** True: connections without mail come to the same hosts, which count them. */
  readonly visits?: boolean;
  readonly auditEvery: number;
}

/** Runs the story of a seed. @throws at the first broken rule, with the command that repeats the run */
export function runStory(options: StoryOptions): World {
  try {
    return run(options);
  } catch (error) {
    const again = evaluate('sim/world/story.ts', 'runStory', `runStory(${JSON.stringify(options)})`);
    throw seedFailed(options.seed, error, again);
  }
}

function run(options: StoryOptions): World {
  const random = new Random(options.seed);
  const startMs = options.schedules === true ? parseMoment(pick(random, scheduledStarts)) : usualStartMs;
  const domains = 1 + random.below(40);
  const { internet: bare, ...names } = someInternet(
    random,
    {
      domains,
      sites: 1 + random.below(domains),
      addresses: 1 + random.below(20),
      trouble: options.trouble,
      offers: options.pipelines === true ? someOffers : undefined,
    },
    startMs,
  );
  const around: Surroundings = {
    ...names,
    domains: bare.domains,
    sources: options.shaping === true ? pick(random, sourceLists) : [''],
    tenants: options.shaping === true ? ['', 'shop', 'news', 'crm'] : [''],
  };
  const basic = someConfig(random, options.seed);
  const limited = options.shaping === true ? shaped(random, basic, around) : basic;
  const config =
    options.schedules === true
      ? { ...limited, schedules: someSchedules(random, around.domains, around.tenants) }
      : limited;
  const { auditEvery, policies, seed } = options;
  const internet = policies === undefined ? bare : withTlsPolicies(bare, policies === 'told');
  const visits = options.visits === true ? new Visits() : undefined;
  const judges = (ledger: Ledger): Witness[] => [
    ...(policies === undefined ? [] : [new TlsPolicies(ledger)]),
    ...(visits === undefined ? [] : [visits]),
    ...(options.schedules === true ? [new Schedules(ledger, config)] : []),
  ];
  const depth = options.pipelines === true ? pick(random, depths) : undefined;
  const world = new World({
    seed,
    internet,
    config,
    startMs,
    auditEvery,
    depth,
    judges,
    sabotage: options.sabotage,
  });
  const spanMs = random.next() < 0.5 ? 1_000 : 2 * hour;
  const times = Array.from({ length: options.messages }, () => startMs + random.below(spanMs));
  for (const [number, atMs] of times.sort((left, right) => left - right).entries()) {
    const message = someMessage(random, around, number, atMs);
    world.clock.at(atMs, () => world.submit(message));
  }
  if (options.operators) {
    for (let count = 0; count < 30; count++)
      world.clock.at(startMs + random.below(3 * hour), () =>
        interfere(world, options.shaping === true ? around : undefined),
      );
  }
  if (options.operators) {
    const pauses = new Random(options.seed ^ 0x9a05e);
    for (let count = 0; count < 3; count++) {
      const forMs = pauses.below(10 * minute);
      world.clock.at(startMs + count * hour + pauses.below(30 * minute), () => world.pause(forMs));
    }
  }
  visits?.plan(world, new Random(options.seed ^ 0x715175), 200, { ...around, spanMs });
  for (let count = 0; count < options.crashes; count++) {
    world.clock.at(startMs + random.below(random.next() < 0.5 ? 2_000 : 3 * hour), () => world.crash());
  }
  for (let count = 0; count < (options.clockSteps ?? 0); count++) {
    world.clock.at(startMs + random.below(random.next() < 0.5 ? 3 * hour : 3 * day), () =>
      world.stepClock(someStep(world.simulation.random)),
    );
  }
  world.clock.at(startMs + 4 * hour, () => releaseAll(world));
  world.run(startMs + 60 * day);
  world.finish();
  return world;
}

const depths: readonly PipelineDepth[] = [
  { data: 2, chunking: 4 },
  { data: 2, chunking: 2 },
  { data: 3, chunking: 7 },
];

const someOffers = [['PIPELINING'], ['PIPELINING', 'CHUNKING'], ['PIPELINING'], []] as const;

function someStep(random: Random): number {
  const most = pick(random, [minute, hour, day, 30 * day, 730 * day]);
  return (random.next() < 0.5 ? -1 : 1) * (1_000 + random.below(most));
}

function someConfig(random: Random, seed: number): SchedulerConfig {
  const few = (): number => (random.next() < 0.6 ? 1 + random.below(4) : 1 + random.below(50));
  return {
    retryMs: [5 * minute, 20 * minute, 2 * hour, 6 * hour],
    retryJitter: random.next() < 0.5 ? 0 : 0.25,
    lifetimeMs: random.next() < 0.2 ? 30 * minute : 2 * day,
    bounceLifetimeMs: day,
    idleConnectionMs: random.below(10_000),
    recipientsPerTransaction: 1 + random.below(20),
    transactionsPerConnection: 1 + random.below(20),
    addressRestMs: [minute, 5 * minute, hour],
    limits: simpleLimits({
      global: few() * 3,
      unanswered: someUnanswered(random),
      perDomain: few(),
      perSite: few(),
      perIp: few(),
    }),
    seed,
  };
}

function someUnanswered(random: Random): number {
  return random.next() < 0.3 ? 0 : random.below(40);
}

/** Each list has both IP versions, so that every site can be reached. */
const sourceLists = [
  [''],
  ['192.0.2.1', '2001:db8:ffff::1'],
  ['192.0.2.1', '192.0.2.2', '198.51.100.7', '2001:db8:ffff::1'],
  ['192.0.2.1', '2001:db8:ffff::1', '2001:db8:ffff::2'],
] as const;

/** The same configuration with other limits, weights, reactions. */
function shaped(random: Random, config: SchedulerConfig, around: Surroundings): SchedulerConfig {
  return {
    ...config,
    limits: {
      global: 1 + random.below(60),
      unanswered: someUnanswered(random),
      rules: someLimits(random, around),
    },
    sources: around.sources,
    weights: new Map(around.tenants.map((tenant) => [tenant, 1 + random.below(5)])),
    adapt: { enabled: random.next() < 0.7, startConnections: 1 + random.below(5) },
    reactions: Array.from({ length: random.below(4) }, (_, index) => someReaction(random, index)),
  };
}

function someReaction(random: Random, index: number): ReactionRule {
  const forMs = 1_000 + random.below(20 * minute);
  const actions: readonly ReactionAction[] = [
    { kind: 'slow', forMs },
    { kind: 'pause', forMs },
    { kind: 'next_host', forMs },
    { kind: 'bounce' },
    { kind: 'retry' },
  ];
  return {
    name: `reaction ${index}`,
    origin: 'made up',
    source: '',
    code: pick(random, ['', '4', '421', '45', '550', '5']),
    text: pick(random, ['', '', 'too many', 'greylisted', 'no*user', 'try again']),
    mx: [],
    action: pick(random, actions),
  };
}

function someMessage(random: Random, around: Surroundings, number: number, atMs: number): LedgerMessage {
  const recipients = 1 + random.below(random.next() < 0.7 ? 2 : 30);
  const { domains, tenants } = around;
  return ledgerMessage(
    number,
    atMs,
    Array.from({ length: recipients }, () => pick(random, domains)),
    {
      queueId: `${number.toString(36).padStart(5, '0')}-${random.below(1e9).toString(36)}`,
      tenant: pick(random, tenants),
      priority: random.next() < 0.3 ? random.below(19) - 9 : 0,
      nullSender: random.next() < 0.1,
      held: random.next() < 0.05,
    },
  );
}

function interfere(world: World, around: Surroundings | undefined): void {
  const { ledger, clock } = world;
  const { random } = world.simulation;
  if (around !== undefined && random.next() < 0.3) {
    world.reconfigure(shaped(random, world.config, around));
    return;
  }
  if (around === undefined && random.next() < 0.2) {
    const limits = {
      global: 1 + random.below(20),
      unanswered: someUnanswered(random),
      perDomain: random.below(4),
      perSite: random.below(4),
      perIp: 1 + random.below(4),
    };
    changeLimits(world, simpleLimits(random.next() < 0.3 ? { ...limits, global: 0 } : limits));
    return;
  }
  const waiting = ledger.messages.filter(({ done }) => !done);
  if (waiting.length === 0) return;
  const message = pick(random, waiting);
  const { queueId } = message;
  const what = random.below(4);
  world.call((scheduler) => {
    const handle = scheduler.find(queueId)!;
    if (what === 0) {
      message.held = true;
      scheduler.hold(handle);
    } else if (what === 1) {
      release(world, message);
    } else if (what === 2) {
      scheduler.retryNow(handle, clock.nowMs);
    } else {
      const some = random.next() < 0.5 ? undefined : [0, random.below(message.recipients.length)];
      for (const index of scheduler.remove(handle, some))
        ledger.ended(message.number, index, 'removed', clock.nowMs);
    }
  });
}

function release(world: World, message: LedgerMessage): void {
  const handle = world.scheduler.find(message.queueId)!;
  message.held = false;
  Object.assign(message, { releasedAtMs: world.clock.nowMs });
  world.scheduler.release(handle, world.clock.nowMs);
}

function changeLimits(world: World, limits: SchedulerConfig['limits']): void {
  world.reconfigure({ ...world.config, limits });
}

function allowingSome(rule: LimitRule): LimitRule {
  return rule.connections === 0 ? { ...rule, connections: 1 } : rule;
}

/** Releases all held mail and lets every limit allow at least one connection, so that everything can end. */
function releaseAll(world: World): void {
  const { limits } = world.config;
  changeLimits(world, {
    ...limits,
    global: Math.max(1, limits.global),
    rules: limits.rules.map(allowingSome),
  });
  for (const message of world.ledger.messages) {
    if (!message.done && message.held) world.call(() => release(world, message));
  }
}
