// Sluice's processes in simulation: a supervisor, a manager and senders that are stopped, slow and killed at any time, and
// limits that change meanwhile. Judged from outside: no destination ever sees more connections than its limits allow, every
// message arrives, none twice without an excuse, and no connection stays open. The seed repeats the run.

import type { Work } from '../../src/deliver/types.ts';
import type { Channel } from '../../src/channel/channel.ts';
import type { ManagerToSender, SenderToManager } from '../../src/channel/messages.ts';
import type { RelayPlan } from '../../src/route/types.ts';
import type { LimitKey, LimitRule } from '../../src/schedule/limits/types.ts';
import { Random } from '../../src/schedule/store/random.ts';
import type { SchedulerConfig } from '../../src/schedule/types.ts';
import { VirtualClock } from '../../src/simulate/virtual-clock.ts';
import { check } from '../world/ledger.ts';
import { pick } from '../world/some-internet.ts';
import { type Actor, link } from './actor.ts';
import { Outside, type SomeLimits } from './outside.ts';
import { Supervision } from './supervision.ts';
import type { Surroundings } from './surroundings.ts';

export interface ProcessSimulationOptions {
  readonly seed: number;
  /** False: new managers are not told which senders live, a fault that the simulation has to find. */
  readonly doesAskForSenders?: boolean;
}

const startMs = 1_800_000_000_000;
const faultsMs = 60_000;
const sites = 4;

export class ProcessSimulation implements Surroundings {
  readonly clock = new VirtualClock(startMs);
  readonly random: Random;
  readonly outside = new Outside();
  readonly doesAskForSenders: boolean;
  config: SchedulerConfig;
  limits: SomeLimits = { ip: 0, site: 0, all: 0 };
  perProcess: number;
  readonly #senders: number;
  #supervision: Supervision;
  readonly #journaled = new Set<string>();
  readonly #messages: string[] = [];
  readonly #grantedAtMs = new WeakMap<Work, number>();

  constructor({ seed, doesAskForSenders = true }: ProcessSimulationOptions) {
    this.random = new Random(seed);
    this.doesAskForSenders = doesAskForSenders;
    this.#senders = 1 + this.random.below(3);
    this.perProcess = 4 + this.random.below(20);
    this.config = this.#limited(this.#someLimits());
    this.#supervision = new Supervision(this, this.#senders, []);
  }

  /** Runs a minute of faults, then until nothing is left to do. Returns how many connections were judged. */
  run(): number {
    const { clock, random } = this;
    const count = 40 + random.below(120);
    for (let number = 0; number < count; number++) {
      clock.at(startMs + random.below(faultsMs), () => this.#submit(`M${number}`));
    }
    const faults = 3 + random.below(25);
    for (let number = 0; number < faults; number++) {
      clock.at(startMs + 1_000 + random.below(faultsMs), () => this.#fault());
    }
    const endMs = startMs + faultsMs + 600_000;
    while (clock.step(endMs));
    this.outside.finish(this.#messages);
    const { manager } = this.#supervision;
    check(manager?.connections === 0, () => `the manager counts ${manager?.connections} connections`);
    return this.outside.judged;
  }

  linkToManager(sender: Actor): Channel<SenderToManager, ManagerToSender> | undefined {
    const { manager } = this.#supervision;
    if (manager?.isUp !== true || !manager.actor.isAlive) return undefined;
    const [senderEnd, managerEnd] = link<SenderToManager, ManagerToSender>(
      this.clock,
      this.random,
      sender,
      manager.actor,
    );
    manager.accept(managerEnd);
    return senderEnd;
  }

  managerAwaits(serials: readonly number[]): void {
    this.#supervision.awaited.set(serials);
  }

  /** Remembers when this work was granted. */
  granted(work: Work): Work {
    this.#grantedAtMs.set(work, this.clock.nowMs);
    return work;
  }

  grantedAtMs(work: Work): number {
    return this.#grantedAtMs.get(work) ?? 0;
  }

  journal(queueId: string): void {
    this.#journaled.add(queueId);
  }

  isJournaled(queueId: string): boolean {
    return this.#journaled.has(queueId);
  }

  /** Queue ids of the messages that the spool still has. */
  waiting(): readonly string[] {
    return this.#messages.filter((queueId) => !this.#journaled.has(queueId));
  }

  domainOf(queueId: string): string {
    return `domain${Number(queueId.slice(1)) % 9}.example`;
  }

  /** Sites share addresses. */
  planOf(key: string): RelayPlan {
    const site = Number(/\d+/u.exec(key)?.[0] ?? 0) % sites;
    const addresses = [site, (site + 1) % sites].map((number, at) => ({
      ip: `192.0.2.${number + 1}`,
      port: 25,
      host: `mx${at}.site${site}.example`,
      preference: 10,
    }));
    return { kind: 'relay', site: `site${site}`, label: `mx.site${site}.example`, addresses };
  }

  #submit(queueId: string): void {
    this.#messages.push(queueId);
    const { manager } = this.#supervision;
    manager?.actor.after(1, () => manager.submitted(queueId));
  }

  #fault(): void {
    const { random } = this;
    const sender = pick(
      random,
      this.#supervision.senders.length > 0 ? this.#supervision.senders : [undefined],
    );
    const manager = this.#supervision.manager;
    switch (random.below(9)) {
      case 0:
        this.#stall(sender?.actor, random.below(300));
        break;
      case 1:
        this.#stall(sender?.actor, random.below(20_000));
        break;
      case 2:
        sender?.actor.kill();
        break;
      case 3:
        this.#stall(manager?.actor, random.below(10_000));
        break;
      case 4:
        manager?.actor.kill();
        break;
      case 5: // a sender is stopped while its manager dies
        this.#stall(sender?.actor, 500 + random.below(20_000));
        this.clock.at(this.clock.nowMs + random.below(1_000), () => manager?.actor.kill());
        break;
      case 6:
        this.#killSupervisor(sender?.actor);
        break;
      case 7:
        this.#reload();
        break;
      case 8:
        sender?.actor.run(() => sender.loseLink());
        break;
    }
  }

  #stall(actor: Actor | undefined, ms: number): void {
    actor?.stop();
    this.clock.at(this.clock.nowMs + ms, () => actor?.continue());
  }

  #killSupervisor(sender: Actor | undefined): void {
    if (this.random.next() < 0.5) this.#stall(sender, this.random.below(20_000));
    const left = this.#supervision.kill();
    this.#supervision = new Supervision(this, this.#senders, left);
  }

  #reload(): void {
    this.perProcess = 4 + this.random.below(20);
    this.config = this.#limited(this.#someLimits());
    const { manager } = this.#supervision;
    const { config, limits, perProcess } = this;
    manager?.actor.run(() => manager.configure(config, limits, perProcess));
  }

  #someLimits(): SomeLimits {
    return {
      ip: 1 + this.random.below(3),
      site: 1 + this.random.below(5),
      all: 3 + this.random.below(10),
    };
  }

  #limited(limits: SomeLimits): SchedulerConfig {
    this.limits = limits;
    const rule = (per: LimitKey, connections: number): LimitRule => ({
      id: per,
      name: '',
      origin: 'the simulation',
      per: [per],
      match: {},
      isOverride: false,
      connections,
    });
    return {
      retryMs: [1_000, 2_000],
      retryJitter: 0.2,
      lifetimeMs: 30 * 86_400_000,
      bounceLifetimeMs: 30 * 86_400_000,
      idleConnectionMs: 2_000,
      recipientsPerTransaction: 10,
      transactionsPerConnection: 5,
      addressRestMs: [1_000],
      limits: {
        global: limits.all,
        unanswered: 0,
        rules: [rule('ip', limits.ip), rule('site', limits.site)],
      },
      seed: 1,
    };
  }
}
