// Forgets the mail of a store whose queue is being stopped: nothing of it is in flight. Nothing is journaled, so that a start finds all of it again.

import type { Timers } from '../io/timers.ts';
import { nextTurn } from '../io/timers.ts';
import type { MessageHandle, Scheduler } from '../schedule/types.ts';
import type { Outcome } from '../spool/types.ts';
import type { QuarantineDesk } from './quarantine-desk.ts';
import { eachRecipient } from './queue-walk.ts';

/** Messages that are forgotten in one piece. */
const pieceMessages = 1_000;

export interface ForgetStoreParts {
  readonly scheduler: Pick<Scheduler, 'queueIdOf' | 'recipients' | 'recipientsOf' | 'remove'>;
  readonly quarantine?: Pick<QuarantineDesk, 'settled'> | undefined;
  readonly timers: Timers;
  /** Carries out the effects of a change of the scheduler. */
  readonly settle: () => void;
}

export async function forgetStore(parts: ForgetStoreParts, store: number): Promise<void> {
  const { scheduler, quarantine, timers, settle } = parts;
  const messages = new Set<MessageHandle>();
  await eachRecipient(scheduler, timers, (recipient) => {
    if ((recipient.store ?? 0) === store) messages.add(recipient.message);
  });
  let forgotten = 0;
  for (const message of messages) {
    const held = scheduler.recipientsOf(message).filter(({ isHeld }) => isHeld);
    if (held.length > 0) quarantine?.settled(held.map(asRemoved));
    scheduler.remove(message);
    if (++forgotten % pieceMessages !== 0) continue;
    settle();
    await nextTurn(timers);
  }
  settle();
}

/** What is held counts in quarantine until it is gone. */
function asRemoved({
  queueId,
  recipient,
}: {
  readonly queueId: string;
  readonly recipient: number;
}): Outcome {
  return { kind: 'removed', queueId, recipient };
}
