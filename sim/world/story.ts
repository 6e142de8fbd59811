// What happens in a simulated world: mail comes in, operators interfere, limits change, the manager dies. All from a seed.

import { simpleLimits } from './simple-limits.ts';
import { Random } from '../../src/schedule/random.ts';
import type { SchedulerConfig } from '../../src/schedule/types.ts';
import type { Internet } from '../../src/simulate/internet.ts';
import { ledgerMessage, type LedgerMessage } from './ledger.ts';
import { pick, someInternet } from './some-internet.ts';
import { World } from './world.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const startMs = 1_700_000_000_000;

export interface StoryOptions {
  readonly seed: number;
  readonly messages: number;
  /** Part of the hosts and domains that are in trouble. */
  readonly trouble: number;
  readonly crashes: number;
  readonly operators: boolean;
  readonly auditEvery: number;
}

/** Tells the whole story; throws at the first rule that is broken. */
export function tell(options: StoryOptions): World {
  const random = new Random(options.seed);
  const domains = 1 + random.below(40);
  const internet = someInternet(
    random,
    { domains, sites: 1 + random.below(domains), addresses: 1 + random.below(20), trouble: options.trouble },
    startMs,
  );
  const config = someConfig(random, options.seed);
  const world = new World({ seed: options.seed, internet, config, startMs, auditEvery: options.auditEvery });
  const spanMs = random.next() < 0.5 ? 1_000 : 2 * hour;
  const times = Array.from({ length: options.messages }, () => startMs + random.below(spanMs));
  for (const [number, atMs] of times.sort((left, right) => left - right).entries()) {
    const message = someMessage(random, internet, number, atMs);
    world.clock.at(atMs, () => world.submit(message));
  }
  if (options.operators) {
    for (let count = 0; count < 30; count += 1)
      world.clock.at(startMs + random.below(3 * hour), () => interfere(world));
  }
  for (let count = 0; count < options.crashes; count += 1) {
    world.clock.at(startMs + random.below(random.next() < 0.5 ? 2_000 : 3 * hour), () => world.crash());
  }
  world.clock.at(startMs + 4 * hour, () => releaseAll(world));
  world.run(startMs + 60 * day);
  world.finish();
  return world;
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
    limits: simpleLimits({ global: few() * 3, perDomain: few(), perSite: few(), perIp: few() }),
    seed,
  };
}

function someMessage(random: Random, internet: Internet, number: number, atMs: number): LedgerMessage {
  const recipients = 1 + random.below(random.next() < 0.7 ? 2 : 30);
  const { domains } = internet;
  return ledgerMessage(
    number,
    atMs,
    Array.from({ length: recipients }, () => pick(random, domains)),
    {
      queueId: `${number.toString(36).padStart(5, '0')}-${random.below(1e9).toString(36)}`,
      nullSender: random.next() < 0.1,
      held: random.next() < 0.05,
    },
  );
}

function interfere(world: World): void {
  const { ledger, clock } = world;
  const { random } = world.simulation;
  if (random.next() < 0.2) {
    const limits = {
      global: 1 + random.below(20),
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

/** The operators go home: nothing is held and every limit allows something. */
function releaseAll(world: World): void {
  const { global, rules } = world.config.limits;
  changeLimits(world, {
    global: Math.max(1, global),
    rules: rules.map((rule) => Object.assign({}, rule, { connections: Math.max(1, rule.connections ?? 1) })),
  });
  for (const message of world.ledger.messages) {
    if (!message.done && message.held) world.call(() => release(world, message));
  }
}
