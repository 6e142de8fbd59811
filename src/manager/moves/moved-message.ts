// A message as it is stored in another queue: with the recipients that move, and all that was known of them. Pure.

import type { Envelope } from '../../message/envelope.ts';
import type { WaitingRecipient } from '../../schedule/types.ts';
import { asRecovered } from '../../spool/as-recovered.ts';
import type { Appended, Outcome, RecoveredMessage } from '../../spool/types.ts';

/** What is known of a message beside its envelope and its recipients. */
export interface MessageState {
  readonly isHeld: boolean;
  /** It was released from routes that hold mail. */
  readonly passesHolds: boolean;
  /** For how long it had waited when its sender was last told of that; undefined: it was not. */
  readonly warnedAfterMs: number | undefined;
}

/** The envelope with these recipients alone, in their order. */
export function movedEnvelope(envelope: Envelope, queueId: string, recipients: readonly number[]): Envelope {
  return {
    ...envelope,
    queueId,
    recipients: recipients.flatMap((index) => envelope.recipients[index] ?? []),
  };
}

/**
 * The moved message as recovery would find it.
 * @param envelope - with the recipients that move alone
 * @param recipients - what is known of these, in the same order
 * @param dateOf - the date (Unix ms) of a time of the scheduler
 */
export function movedMessage(
  { ref, sizeBytes }: Appended,
  envelope: Envelope,
  recipients: readonly WaitingRecipient[],
  { isHeld, passesHolds, warnedAfterMs }: MessageState,
  dateOf: (ms: number) => number,
): RecoveredMessage {
  const waiting = recipients.map(({ attempts, lastRefusal, dueMs }, index) => ({
    index,
    address: envelope.recipients[index]?.address ?? '',
    attempts,
    nextAttemptAtMs: dueMs === undefined ? 0 : dateOf(dueMs),
    lastRefusal,
  }));
  return {
    ...asRecovered(ref, { envelope, sizeBytes }),
    held: isHeld,
    ...(passesHolds && { passesHolds }),
    ...(warnedAfterMs !== undefined && { warnedAfterMs }),
    waiting,
  };
}

/** What the journal of its store has to know of it, so that recovery finds it like this. */
export function outcomesOf({
  queueId,
  held,
  passesHolds,
  quarantine,
  waiting,
  warnedAfterMs,
}: RecoveredMessage): Outcome[] {
  const outcomes: Outcome[] = [];
  if (held && quarantine === undefined) outcomes.push({ kind: 'held', queueId });
  if (!held && quarantine !== undefined) outcomes.push({ kind: 'released', queueId });
  if (passesHolds === true) outcomes.push({ kind: 'passes-holds', queueId });
  if (warnedAfterMs !== undefined) outcomes.push({ kind: 'warned', queueId, afterMs: warnedAfterMs });
  for (const { index: recipient, attempts, nextAttemptAtMs, lastRefusal: refusal } of waiting) {
    if (attempts === 0 && nextAttemptAtMs === 0 && refusal === '') continue;
    outcomes.push({ kind: 'deferred', queueId, recipient, attempts, nextAttemptAtMs, refusal });
  }
  return outcomes;
}

/** What the journal of its store has to know of recipients that are not in it any more. */
export function removedOf({ queueId }: RecoveredMessage, waiting: RecoveredMessage['waiting']): Outcome[] {
  return waiting.map(({ index: recipient }) => ({ kind: 'removed', queueId, recipient }));
}

/** The message with what has become of it since it was stored. */
export function withState(message: RecoveredMessage, now: MessageState): RecoveredMessage {
  const { isHeld: held, passesHolds, warnedAfterMs } = now;
  return {
    ...message,
    held,
    ...(passesHolds && { passesHolds }),
    ...(warnedAfterMs !== undefined && { warnedAfterMs }),
  };
}

/** What the journal of its store has to know of that. */
export function changesOf(message: RecoveredMessage, now: MessageState): Outcome[] {
  const { queueId } = message;
  const outcomes: Outcome[] = [];
  if (message.held !== now.isHeld) outcomes.push({ kind: now.isHeld ? 'held' : 'released', queueId });
  if (now.passesHolds && message.passesHolds !== true) outcomes.push({ kind: 'passes-holds', queueId });
  if (now.warnedAfterMs !== undefined && now.warnedAfterMs !== message.warnedAfterMs)
    outcomes.push({ kind: 'warned', queueId, afterMs: now.warnedAfterMs });
  return outcomes;
}
