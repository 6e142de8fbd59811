// What the processes of a simulated house find around them.

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
  /** Of a manager that starts now. */
  readonly config: SchedulerConfig;
  readonly limits: SomeLimits;
  readonly perProcess: number;
  readonly doesAskForSenders: boolean;
  /** A link of a sender to the manager; undefined while none is up. */
  linkToManager(sender: Actor): Channel<SenderToManager, ManagerToSender> | undefined;
  managerAwaits(serials: readonly number[]): void;
  /** Notes when this was granted. */
  granted(work: Work): Work;
  grantedAtMs(work: Work): number;
  /** Messages that are in the spool and not journaled as delivered. */
  waiting(): readonly string[];
  journal(queueId: string): void;
  isJournaled(queueId: string): boolean;
  domainOf(queueId: string): string;
  planOf(key: string): RelayPlan;
}
