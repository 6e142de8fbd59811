// A receiver's link to the manager: tells it of accepted messages, asks it what may be sent, and answers what operators try.

import type { Asked, Hello, ManagerToReceiver, ReceiverToManager, Response } from '../../channel/messages.ts';
import type { Charged } from '../../channel/sending-messages.ts';
import type { Defended } from '../../channel/defence-messages.ts';
import type { FullDomainsTold, FullQueuesTold, RoomAnswered } from '../../channel/room-messages.ts';
import { OperationAnswerer } from '../../channel/operation-answerer.ts';
import { receiverOperations, type ReceiverSet } from '../../control/operations/trial.ts';
import type { Logger } from '../../log/logger.ts';
import { managerAt, ManagerLink } from '../../channel/manager-link.ts';
import type { EventCounters } from '../../log/event-counters.ts';
import type { MailboxTold } from '../../channel/mailbox-messages.ts';
import { LiveDiversions } from '../../policy/queues/live-diversions.ts';
import { FullMailboxes } from '../../policy/recipients/full-mailboxes.ts';
import { DefenceLink } from './defence-link.ts';
import { RoomLink } from './room-link.ts';
import { SendingLink } from './sending-link.ts';
import { TrialDesk } from './trial-desk.ts';

type FromReceiver = Exclude<ReceiverToManager, Hello>;

export interface ReceiverLink {
  readonly link: ManagerLink<FromReceiver, ManagerToReceiver>;
  readonly sending: SendingLink;
  readonly room: RoomLink;
  readonly defences: DefenceLink;
  readonly trials: TrialDesk;
  /** Those that take no more mail. */
  readonly mailboxes: FullMailboxes;
  readonly diversions: LiveDiversions;
}

/**
 * @param path - of the manager's socket
 * @param self - how it says who it is
 */
export function receiverLink(
  path: string,
  self: Pick<Hello, 'index' | 'serial' | 'pass'>,
  counters: Pick<EventCounters, 'counts'>,
  log: Pick<Logger, 'error'>,
): ReceiverLink {
  const sending = new SendingLink((message) => link.post(message));
  const linked = (): void => {
    sending.linked();
    room.linked();
    defences.linked();
  };
  const room = new RoomLink((message) => link.post(message));
  const defences = new DefenceLink((message) => link.post(message));
  const trials = new TrialDesk();
  const mailboxes = new FullMailboxes(() => performance.now());
  const diversions = new LiveDiversions();
  const answerer = receiverAnswerer(trials, diversions, log, (response) => link.post(response));
  const link: ReceiverLink['link'] = new ManagerLink({
    connect: managerAt(path),
    hello: () => ({ kind: 'hello', role: 'receiver', ...self, counters: counters.counts }),
    repeat: true,
    take: (batch) => takeOfManager(batch, { sending, room, defences, mailboxes, answerer }),
    lost: () => {
      sending.lost();
      room.lost();
      defences.lost();
      answerer.lost();
      link.whenLinked(linked);
    },
  });
  link.whenLinked(linked);
  return { link, sending, room, defences, trials, mailboxes, diversions };
}

/** Answers what the manager asks a receiver. */
export function receiverAnswerer(
  trials: TrialDesk,
  diversions: Pick<LiveDiversions, 'set'>,
  log: Pick<Logger, 'error'>,
  respond: (response: Response) => void,
): OperationAnswerer<ReceiverSet> {
  return new OperationAnswerer(
    {
      set: receiverOperations,
      service: {
        ...trials.service,
        'divert.set': (question) => {
          diversions.set(question.diversions);
          return null;
        },
      },
      party: 'The receiver',
      before: () => undefined,
      failed: (message) => log.error(`a question of the manager failed: ${message}`),
    },
    respond,
  );
}

export interface TakersOfReceiver {
  readonly sending: { take(batch: readonly Charged[]): void };
  readonly room: { take(message: RoomAnswered | FullQueuesTold | FullDomainsTold): void };
  readonly defences: { take(message: Defended): void };
  readonly mailboxes: { take(message: MailboxTold): void };
  readonly answerer: { take(message: Asked): void };
}

/** Hands messages of the manager to the parts that take them. */
export function takeOfManager(
  batch: readonly ManagerToReceiver[],
  { sending, room, defences, mailboxes, answerer }: TakersOfReceiver,
): void {
  for (const message of batch) {
    if (message.kind === 'charged') sending.take([message]);
    else if (message.kind === 'room' || message.kind === 'fullQueues' || message.kind === 'fullDomains')
      room.take(message);
    else if (message.kind === 'defended') defences.take(message);
    else if (message.kind === 'mailbox') mailboxes.take(message);
    else answerer.take(message);
  }
}
