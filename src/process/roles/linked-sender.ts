// A sender role with its link to the manager: says hello with what it has delivered, and ends its connections when the manager is lost.

import { managerAt, ManagerLink } from '../../channel/manager-link.ts';
import type { Hello, ManagerToSender, SenderToManager } from '../../channel/messages.ts';
import type { Config } from '../../config/config.ts';
import type { Trail } from '../../crash/trail.ts';
import type { EventCounters } from '../../log/event-counters.ts';
import type { Logger } from '../../log/logger.ts';
import type { GivenToSender } from './given-to-sender.ts';
import { SenderRole } from './sender-role.ts';

export interface LinkedSender {
  readonly sender: SenderRole;
  readonly link: Pick<ManagerLink<SenderToManager, ManagerToSender>, 'open'>;
}

export interface LinkedSenderParts {
  readonly log: Logger;
  readonly counters: EventCounters;
  readonly given: GivenToSender;
  readonly trail: Trail;
  /** For the keys process. */
  readonly keysPass: string | undefined;
}

/**
 * @param path - of the manager's socket
 * @param self - how it says who it is
 */
export function linkedSender(
  config: Config,
  path: string,
  self: Pick<Hello, 'index' | 'serial' | 'pass'>,
  { log, counters, given, trail, keysPass }: LinkedSenderParts,
): LinkedSender {
  given.users.openBy(async (now) => {
    const { linkedDirectory } = await import('./linked-keys.ts');
    return linkedDirectory(now, { role: 'sender', index: self.index, serial: self.serial, pass: keysPass });
  });
  const link = new ManagerLink<SenderToManager, ManagerToSender>({
    connect: managerAt(path),
    hello: () => {
      const { delivered } = sender;
      return { kind: 'hello', role: 'sender', ...self, delivered, counters: counters.counts };
    },
    repeat: false,
    take: (batch) => sender.take(batch),
    lost: () => sender.managerLost(),
  });
  const sender = new SenderRole(
    config,
    link,
    log,
    counters,
    (linked) => link.whenLinked(linked),
    given,
    trail,
  );
  return { sender, link };
}
