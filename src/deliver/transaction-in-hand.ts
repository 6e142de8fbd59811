// One transaction from its begin to its results. It keeps little of the message once the content is with the socket: a slow
// answer must not keep the rest in memory, and thousands of connections may wait for one.

import type { Envelope } from '../message/envelope.ts';
import type { Refusal } from '../message/refusal.ts';
import type { ClientTransaction, RecipientOutcome } from '../protocol/smtp/client/client-session.ts';
import type { StoredMessage } from '../spool/types.ts';
import { failedResult } from './failed-result.ts';
import { failureRefusal } from './failure-refusal.ts';
import type { AttemptResult, ConnectedPlace, Work } from './types.ts';

export interface MessageInHand {
  /** Of its recipients only those of the transaction, in their order there. */
  readonly envelope: Envelope;
  readonly sizeBytes: number;
}

export class TransactionInHand {
  readonly work: Work;
  /** On the clock of the deadlines. */
  readonly begunAtMs: number;
  /** Ms from the connection's start until it could begin; 0 on a connection that was already open. */
  readonly connectMs: number;
  #message: MessageInHand | undefined;
  /** The message, until its content is written. */
  #unsent: StoredMessage | undefined;
  #readFailure: Refusal | undefined;

  constructor(work: Work, begunAtMs: number, connectMs: number) {
    this.work = work;
    this.begunAtMs = begunAtMs;
    this.connectMs = connectMs;
  }

  /** Undefined while the message is being read from the spool. */
  get message(): MessageInHand | undefined {
    return this.#message;
  }

  /** The message was read: what the session begins, for the recipients of this transaction. */
  take(message: StoredMessage, smtpUtf8: boolean): ClientTransaction {
    const { envelope, sizeBytes } = message;
    // A mailing list's envelope can be larger than its content, and most of it is for other connections.
    const recipients = this.work.recipients.flatMap((index) => envelope.recipients[index] ?? []);
    this.#unsent = message;
    this.#message = { envelope: { ...envelope, recipients }, sizeBytes };
    const { reversePath, body, ret, envelopeId, priority } = envelope;
    return { reversePath, recipients, sizeBytes, body, smtpUtf8, ret, envelopeId, priority };
  }

  /** The message whose content is to be sent, once; from then on it is not kept here. */
  takeUnsent(): StoredMessage | undefined {
    const message = this.#unsent;
    this.#unsent = undefined;
    return message;
  }

  /** The content could not be read to its end. */
  contentFailed(failure: Refusal): void {
    this.#readFailure = failure;
  }

  /** The results when the message could not be read: all its recipients wait. */
  unreadable(refusal: Refusal): AttemptResult[] {
    const results: AttemptResult[] = [];
    for (const recipient of this.work.recipients) results.push({ recipient, result: 'refused', refusal });
    return results;
  }

  /** @param peerKnowsDsn - the server will report what the sender asked to hear of (RFC 3461) */
  results(
    outcomes: readonly RecipientOutcome[],
    place: ConnectedPlace,
    peerKnowsDsn: boolean,
  ): AttemptResult[] {
    const message = this.#message;
    if (message === undefined) return [];
    const damage = this.#readFailure?.by.kind === 'damage' ? this.#readFailure : undefined;
    const results: AttemptResult[] = [];
    for (const outcome of outcomes) {
      const recipient = this.work.recipients[outcome.recipient];
      if (recipient === undefined) continue;
      if (outcome.result !== 'delivered') {
        const { failure, result } = outcome;
        const refusal = damage ?? failureRefusal(failure, place, result === 'permfail');
        results.push(failedResult(recipient, outcome.recipient, refusal, message.envelope, place));
        continue;
      }
      const { notify } = message.envelope.recipients[outcome.recipient] ?? {};
      const unreported = !peerKnowsDsn && notify?.success === true;
      results.push({
        recipient,
        result: 'delivered',
        ...(unreported && { relayedTo: place.host }),
      });
    }
    return results;
  }
}
