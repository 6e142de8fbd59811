// The manager's side of a memory store. Outcomes are booked at once, so none is ever unstored.

import { copiesIn, routesIn } from '../../message/envelope.ts';
import { damageRefusal } from '../../message/refusal.ts';
import { encodeRefusal } from '../../message/refusal-form.ts';
import { isQueueId } from '../queue-id.ts';
import { SpoolError } from '../spool-error.ts';
import type {
  Outcome,
  RecoveredMessage,
  RecoveredRecipient,
  SpoolStore,
  SpoolUsage,
  StoredRef,
} from '../types.ts';
import type { KeptMessage, KeptMessages } from './kept-messages.ts';

export class MemoryStore implements SpoolStore {
  readonly isWhole = true;
  readonly unstored = 0;
  readonly #kept: KeptMessages;
  readonly #store: number;
  /** Queue ids that recovery has yielded, or a writer has reported to this manager. */
  readonly #known = new Set<string>();
  #phase: 'new' | 'open' | 'closed' = 'new';

  constructor(kept: KeptMessages, store: number) {
    this.#kept = kept;
    this.#store = store;
  }

  async *recover(): AsyncGenerator<RecoveredMessage> {
    if (this.#phase !== 'new') throw new SpoolError('SPOOL_NOT_OPEN', 'recover() may be called once only');
    this.#phase = 'open';
    for (const message of this.#kept) {
      const { queueId } = message.envelope;
      if (this.#known.has(queueId)) continue;
      this.#known.add(queueId);
      yield recovered(message, this.#refOf(message));
    }
  }

  submitted(queueId: string): boolean {
    this.#requireOpen();
    if (!isQueueId(queueId)) {
      throw new SpoolError('SPOOL_BAD_ENVELOPE', `"${queueId}" is not a queue id of this spool`);
    }
    if (this.#known.has(queueId) || this.#kept.isDone(queueId)) return false;
    this.#known.add(queueId);
    return true;
  }

  settle(outcomes: readonly Outcome[]): void {
    this.#requireOpen();
    for (const outcome of outcomes) {
      const message = this.#kept.find(outcome.queueId);
      if (message !== undefined) this.#book(message, outcome);
    }
  }

  #book(message: KeptMessage, outcome: Outcome): void {
    switch (outcome.kind) {
      case 'delivered':
      case 'failed':
      case 'removed': {
        const recipient = message.recipients[outcome.recipient];
        if (recipient !== undefined) recipient.isDone = true;
        if (message.recipients.some(({ isDone }) => !isDone)) return;
        this.#known.delete(outcome.queueId);
        this.#kept.finish(message);
        return;
      }
      case 'deferred': {
        const recipient = message.recipients[outcome.recipient];
        if (recipient === undefined || recipient.isDone) return;
        recipient.attempts = outcome.attempts;
        recipient.nextAttemptAtMs = outcome.nextAttemptAtMs;
        recipient.lastRefusal = outcome.refusal;
        return;
      }
      case 'held':
        message.held = true;
        return;
      case 'released':
        message.held = false;
        message.damage = undefined;
        return;
      case 'warned':
        message.warnedAfterMs = outcome.afterMs;
        return;
      case 'passes-holds':
        message.passesHolds = true;
        return;
      case 'damaged':
        message.held = true;
        message.damage = outcome.why;
    }
  }

  isDamaged(queueId: string): boolean {
    return this.#kept.find(queueId)?.damage !== undefined;
  }

  locate(queueId: string): StoredRef | undefined {
    const message = this.#kept.find(queueId);
    return message === undefined || !this.#known.has(queueId) ? undefined : this.#refOf(message);
  }

  // Messages never move, so there is nothing to pin.
  pin(): void {}

  unpin(): void {}

  async maintain(): Promise<void> {}

  usage(): SpoolUsage {
    let damagedMessages = 0;
    for (const { damage } of this.#kept) if (damage !== undefined) damagedMessages++;
    return { segments: 0, bytes: this.#kept.bytes, liveMessages: this.#known.size, damagedMessages };
  }

  async flush(): Promise<void> {
    this.#requireOpen();
  }

  async storeOutcomes(): Promise<number> {
    this.#requireOpen();
    return 0;
  }

  async close(): Promise<void> {
    this.#phase = 'closed';
  }

  #refOf({ number }: KeptMessage): StoredRef {
    return { store: this.#store, place: [number] };
  }

  #requireOpen(): void {
    if (this.#phase !== 'open') throw new SpoolError('SPOOL_NOT_OPEN', 'the memory store is not open');
  }
}

function recovered(message: KeptMessage, ref: StoredRef): RecoveredMessage {
  const { bytes, damage, envelope, held, passesHolds, warnedAfterMs } = message;
  const {
    body,
    priority,
    quarantine,
    queueId,
    receivedAtMs,
    reversePath,
    smtpUtf8,
    tenant,
    tlsDemand,
    verp,
    user,
  } = envelope;
  const copies = copiesIn(envelope.recipients);
  const routes = routesIn(envelope.recipients);
  return {
    queueId,
    ref,
    receivedAtMs,
    sizeBytes: bytes.length,
    reversePath,
    body,
    smtpUtf8,
    ...(copies === undefined ? undefined : { copies }),
    ...(routes === undefined ? undefined : { routes }),
    ...(tenant === undefined ? undefined : { tenant }),
    ...(priority === undefined ? undefined : { priority }),
    ...(quarantine === undefined ? undefined : { quarantine }),
    ...(tlsDemand === undefined ? undefined : { tlsDemand }),
    ...(verp === undefined ? undefined : { verp }),
    ...(user === undefined ? undefined : { user }),
    held,
    ...(warnedAfterMs === undefined ? undefined : { warnedAfterMs }),
    ...(passesHolds && { passesHolds }),
    ...(damage === undefined ? undefined : { damage }),
    waiting: waitingOf(message),
  };
}

function waitingOf({ damage, envelope, recipients }: KeptMessage): RecoveredRecipient[] {
  const waiting: RecoveredRecipient[] = [];
  for (const [index, { isDone, attempts, nextAttemptAtMs, lastRefusal }] of recipients.entries()) {
    if (isDone) continue;
    const address = envelope.recipients[index]?.address ?? '';
    if (damage === undefined) waiting.push({ index, address, attempts, nextAttemptAtMs, lastRefusal });
    else {
      const refusal = encodeRefusal(damageRefusal(damage));
      waiting.push({ index, address, attempts, nextAttemptAtMs: 0, lastRefusal: refusal });
    }
  }
  return waiting;
}
