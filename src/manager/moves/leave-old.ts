// Takes the recipients of a message out of its old store, when it is on stable storage in its new one.

import type { Events } from '../../log/events.ts';
import type { Envelope } from '../../message/envelope.ts';
import type { Scheduler, WaitingRecipient } from '../../schedule/types.ts';
import type { Outcome, RecoveredMessage, SpoolStore } from '../../spool/types.ts';
import { defaultQueue } from '../../values/queue-name.ts';
import type { Admission } from '../admission.ts';
import type { ChosenMessage } from '../jobs/message-choice.ts';
import type { Manager } from '../manager.ts';
import type { MoveHolds } from './move-holds.ts';
import { changesOf, type MessageState, removedOf, withState } from './moved-message.ts';

/** A message that is in both stores. */
export interface StoredAnew {
  readonly chosen: ChosenMessage;
  /** Those that were stored anew. */
  readonly recipients: readonly WaitingRecipient[];
  readonly envelope: Envelope;
  readonly message: RecoveredMessage;
}

export interface LeaveParts {
  readonly manager: Pick<Manager, 'change'> & { readonly scheduler: Pick<Scheduler, 'isQueued' | 'remove'> };
  readonly store: Pick<SpoolStore, 'settle'>;
  readonly happenings: Pick<Events, 'happened'>;
  /** The name of the queue whose store has this number; undefined: the default one. */
  readonly queueName: (store: number) => string | undefined;
}

export interface StateParts {
  readonly holds: Pick<MoveHolds, 'isHeld'>;
  readonly manager: { readonly admission: Pick<Admission, 'passesHolds' | 'warned'> };
}

export interface Left {
  /** The new message with the recipients that have left the old one; none: nothing has moved. */
  readonly moved: readonly RecoveredMessage[];
  /** Some were not in the old one any more, so the new one has lost them. */
  readonly hasGone: boolean;
}

/** What is known of a message beside its envelope and its recipients, now. */
export function stateOf({ message, queueId }: ChosenMessage, { holds, manager }: StateParts): MessageState {
  return {
    isHeld: holds.isHeld(queueId),
    passesHolds: manager.admission.passesHolds(message),
    warnedAfterMs: manager.admission.warned.afterMs(message),
  };
}

/** What the journals of their stores have to know of what has become of messages since they were stored anew. */
export function changesIn(stored: readonly StoredAnew[], parts: StateParts): Outcome[] {
  return stored.flatMap(({ chosen, message }) => changesOf(message, stateOf(chosen, parts)));
}

/** A message with what has become of it since it was stored anew. */
export function withChanges<Stored extends StoredAnew>(stored: Stored, parts: StateParts): Stored {
  return { ...stored, message: withState(stored.message, stateOf(stored.chosen, parts)) };
}

export function leaveOld({ chosen, envelope, message, recipients }: StoredAnew, parts: LeaveParts): Left {
  const { happenings, manager, queueName, store } = parts;
  const { queueId } = chosen;
  const outcomes: Outcome[] = [];
  let removed: ReadonlySet<number> = new Set();
  manager.change(outcomes, () => {
    if (!manager.scheduler.isQueued(chosen.message, queueId)) return;
    const indexes = recipients.map(({ recipient }) => recipient);
    removed = new Set(manager.scheduler.remove(chosen.message, indexes));
    for (const recipient of removed) outcomes.push({ kind: 'removed', queueId, recipient });
  });
  const isMoved = ({ index }: { readonly index: number }): boolean =>
    removed.has(recipients[index]?.recipient ?? -1);
  const waiting = message.waiting.filter(isMoved);
  const gone = message.waiting.filter((each) => !isMoved(each));
  if (gone.length > 0) store.settle(removedOf(message, gone));
  const queue = queueName(message.ref.store) ?? defaultQueue;
  for (const { address: to } of waiting) {
    happenings.happened('moved', {
      id: queueId,
      from: envelope.reversePath,
      to,
      queue,
      newId: message.queueId,
    });
  }
  return { moved: waiting.length === 0 ? [] : [{ ...message, waiting }], hasGone: gone.length > 0 };
}
