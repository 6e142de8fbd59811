// The part of the simulation that its processes use: clock, random numbers, destinations, configuration, spool and links.

import type { Work } from '../../src/deliver/types.ts';
import type { Channel } from '../../src/channel/channel.ts';
import type { ManagerToSender, SenderToManager } from '../../src/channel/messages.ts';
import type { RelayPlan } from '../../src/route/types.ts';
import type { Random } from '../../src/schedule/store/random.ts';
import type { SchedulerConfig } from '../../src/schedule/types.ts';
import type { VirtualClock } from '../../src/simulate/virtual-clock.ts';
import type { Actor } from './actor.ts';
import type { Outside, SomeLimits } from './outside.ts';

export interface Surroundings {
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly outside: Outside;
  /** The configuration and limits of a manager that starts now. */
  readonly config: SchedulerConfig;
  readonly limits: SomeLimits;
  readonly perProcess: number;
  readonly doesAskForSenders: boolean;
  /** Links a sender to the manager; undefined while no manager is up. */
  linkToManager(sender: Actor): Channel<SenderToManager, ManagerToSender> | undefined;
  /** Tells the supervisor which senders the manager waits for. */
  managerAwaits(serials: readonly number[]): void;
  /** Remembers when this work was granted. */
  granted(work: Work): Work;
  grantedAtMs(work: Work): number;
  /** Queue ids of the messages that are in the spool and not journaled as delivered. */
  waiting(): readonly string[];
  journal(queueId: string): void;
  isJournaled(queueId: string): boolean;
  domainOf(queueId: string): string;
  planOf(key: string): RelayPlan;
}
