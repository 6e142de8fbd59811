// A receiver's link to the manager: tells it of accepted messages, and asks it what may be sent.

import type { Hello, ManagerToReceiver, ReceiverToManager } from '../../channel/messages.ts';
import { managerAt, ManagerLink } from '../../channel/manager-link.ts';
import type { EventCounters } from '../../log/event-counters.ts';
import { SendingLink } from './sending-link.ts';

type FromReceiver = Exclude<ReceiverToManager, Hello>;

export interface ReceiverLink {
  readonly link: ManagerLink<FromReceiver, ManagerToReceiver>;
  readonly sending: SendingLink;
}

/**
 * @param path - of the manager's socket
 * @param self - how it says who it is
 */
export function receiverLink(
  path: string,
  self: Pick<Hello, 'index' | 'serial' | 'pass'>,
  counters: Pick<EventCounters, 'counts'>,
): ReceiverLink {
  const sending = new SendingLink((message) => link.post(message));
  const link: ReceiverLink['link'] = new ManagerLink({
    connect: managerAt(path),
    hello: () => ({ kind: 'hello', role: 'receiver', ...self, counters: counters.counts }),
    repeat: true,
    take: (batch) => sending.take(batch),
    lost: () => {
      sending.lost();
      link.whenLinked(() => sending.linked());
    },
  });
  link.whenLinked(() => sending.linked());
  return { link, sending };
}
