// Tells of recipients that failed for good: in the log and the counters, and as a trouble where a copy for an archive is lost.

import type { Events } from '../log/events.ts';
import type { Envelope } from '../message/envelope.ts';
import { peerOf } from '../message/refusal.ts';
import { refusalText } from '../message/refusal-text.ts';
import type { StoredRef } from '../spool/types.ts';
import { FailedCopies, type FailedCopiesParts } from './failed-copies.ts';
import type { QueueTallies } from './queue-tallies.ts';
import type { FailedRecipient, ReportedRecipient } from './reported-recipient.ts';

export interface FailureLogParts extends FailedCopiesParts {
  readonly happenings: Events;
  /** Undefined where there is one queue alone. */
  readonly tallies?: QueueTallies | undefined;
  /** The system's clock, Unix ms. */
  readonly dateMs: () => number;
}

/** A message whose recipients have failed. */
interface FailedMessage {
  readonly queueId: string;
  readonly ref: StoredRef;
  readonly envelope: Envelope;
}

export class FailureLog {
  readonly #parts: FailureLogParts;
  readonly #copies: FailedCopies;

  constructor(parts: FailureLogParts) {
    this.#parts = parts;
    this.#copies = new FailedCopies(parts);
  }

  stop(): void {
    this.#copies.stop();
  }

  bounced({ queueId, ref, envelope }: FailedMessage, each: FailedRecipient): void {
    const { happenings, tallies, dateMs } = this.#parts;
    const { address: to = '', isCopy } = envelope.recipients[each.recipient] ?? {};
    const facts = {
      id: queueId,
      to,
      queue: tallies?.nameOf(ref.store),
      reply: refusalText(each.refusal),
      host: peerOf(each.refusal)?.host,
      expired: each.expired,
      delayMs: Math.max(0, dateMs() - envelope.receivedAtMs),
    };
    if (isCopy === true) {
      happenings.happened('copyFailed', facts);
      this.#copies.failed(to, facts.reply);
      return;
    }
    tallies?.count('bounced', ref.store);
    happenings.happened('bounced', { ...facts, from: envelope.reversePath });
  }

  /** Of a message that cannot be read, nothing but the number of its recipients is known. */
  unread({ store }: StoredRef, recipients: readonly ReportedRecipient[]): void {
    const failed = recipients.filter(({ action }) => action === 'failed').length;
    this.#parts.happenings.counted('bounced', failed);
    this.#parts.tallies?.count('bounced', store, failed);
  }

  /** A failure is reported to nobody. */
  dropped(
    { queueId, ref, envelope }: FailedMessage,
    recipients: readonly ReportedRecipient[],
    reason: string,
  ): void {
    const failed = recipients.filter(({ action }) => action === 'failed');
    if (failed.length === 0) return;
    const to = failed.map(({ recipient }) => envelope.recipients[recipient]?.address ?? '');
    const queue = this.#parts.tallies?.nameOf(ref.store);
    const why = `nobody is told: ${reason}`;
    this.#parts.happenings.happened('dropped', { id: queueId, from: '', to, queue, reason: why });
  }
}
