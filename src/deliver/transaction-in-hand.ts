// One transaction from its begin to its results. Once the content is written to the socket, it keeps little of the message:
// thousands of connections may wait for a slow reply, and must not keep whole messages in memory.

import type { Envelope } from '../message/envelope.ts';
import type { Refusal } from '../message/refusal.ts';
import type { ClientTransaction, RecipientOutcome } from '../protocol/smtp/client/client-session.ts';
import type { StoredMessage } from '../spool/types.ts';
import type { ConnectionContext } from './connection-context.ts';
import { attemptDetails, type FinishedTransaction } from './attempt-details.ts';
import { failedResult } from './failed-result.ts';
import { wantsLogin } from './login/wants-login.ts';
import { failureRefusal } from './failure-refusal.ts';
import { forwardedClient } from './forwarded-client.ts';
import { onwardReport } from './onward-report.ts';
import { isSocketHop } from '../route/next-hop.ts';
import type { NextHopAddress } from '../route/types.ts';
import type { AttemptResult, ConnectedPlace, Work } from './types.ts';

export interface MessageInHand {
  /** The envelope with only the recipients of this transaction, in the order of `work.recipients`. */
  readonly envelope: Envelope;
  readonly sizeBytes: number;
  /** The sender in MAIL, when it is not that of the envelope. */
  readonly sentAs?: string | undefined;
}

/** Transports to servers that hand mail on. */
const relays: ReadonlySet<NextHopAddress['transport']> = new Set(['smtp', 'qmqp', 'qmtp'] as const);

export class TransactionInHand {
  readonly work: Work;
  /** Ms on the clock of the deadlines. */
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

  /**
   * Keeps the message that was read; returns the transaction for the session, with the recipients of this transaction.
   * @param hop - which may have to take the message with REQUIRETLS
   * @param chunkBytes - of the content as one chunk
   * @param sentAs - the sender in MAIL, when it is not that of the envelope
   */
  take(
    message: StoredMessage,
    smtpUtf8: boolean,
    hop?: NextHopAddress,
    chunkBytes?: number,
    sentAs?: string,
  ): ClientTransaction {
    const { envelope, sizeBytes } = message;
    this.#unsent = message;
    const own = this.#withOwnRecipients(envelope);
    // A transaction has copies alone, or none (`route/copies.ts`).
    const isCopy = own.recipients[0]?.isCopy === true;
    const sender = isCopy ? '' : sentAs;
    this.#message =
      sender === undefined ? { envelope: own, sizeBytes } : { envelope: own, sizeBytes, sentAs: sender };
    const isTold = hop !== undefined && isSocketHop(hop) && hop.tellsClient === true;
    const requireTls = hop?.tls?.needsRequireTls === true;
    const { reversePath, recipients, body, ret, envelopeId, priority } = isCopy ? withoutReports(own) : own;
    return {
      reversePath: sender ?? reversePath,
      recipients,
      sizeBytes,
      chunkBytes,
      body,
      smtpUtf8,
      ret,
      envelopeId,
      priority,
      requireTls,
      forwarded: isTold ? forwardedClient(own) : undefined,
    };
  }

  /** The envelope of a mailing list can be larger than its content, and most recipients are of other transactions. */
  #withOwnRecipients(envelope: Envelope): Envelope {
    const { recipients } = this.work;
    if (recipients.length === 1 && envelope.recipients.length === 1 && recipients[0] === 0) return envelope;
    return { ...envelope, recipients: recipients.flatMap((index) => envelope.recipients[index] ?? []) };
  }

  /** Returns the message whose content is to be sent, and forgets it. */
  takeUnsent(): StoredMessage | undefined {
    const message = this.#unsent;
    this.#unsent = undefined;
    return message;
  }

  /** The content could not be read to its end. */
  contentFailed(failure: Refusal): void {
    this.#readFailure = failure;
  }

  /** Its part of a log line. @param nowMs - on the clock of the deadlines */
  facts(nowMs: number): { readonly work: Work; readonly connectMs: number; readonly transactionMs: number } {
    const { work, connectMs } = this;
    return { work, connectMs, transactionMs: Math.round(nowMs - this.begunAtMs) };
  }

  /** What the manager is told of it beside its results; undefined when it does not want to know. */
  finished(
    { deadlines, settings }: Pick<ConnectionContext, 'deadlines' | 'settings'>,
    tls: FinishedTransaction['tls'],
  ): FinishedTransaction | undefined {
    if (settings.tellsAttempts !== true) return undefined;
    return { durationMs: Math.round(deadlines.nowMs - this.begunAtMs), tls };
  }

  /** The results when the message could not be read: all recipients of the transaction wait. */
  unreadable(refusal: Refusal): AttemptResult[] {
    const results: AttemptResult[] = [];
    for (const recipient of this.work.recipients) results.push({ recipient, result: 'refused', refusal });
    return results;
  }

  /**
   * @param peerKnowsDsn - the server supports DSN, so it sends the reports that the sender asked for (RFC 3461)
   * @param finished - when the manager wants to know more of attempts
   */
  results(
    outcomes: readonly RecipientOutcome[],
    place: ConnectedPlace,
    peerKnowsDsn: boolean,
    finished?: FinishedTransaction,
  ): AttemptResult[] {
    const message = this.#message;
    if (message === undefined) return [];
    const damage = this.#readFailure?.by.kind === 'damage' ? this.#readFailure : undefined;
    const results: AttemptResult[] = [];
    const told = (result: AttemptResult, outcome: RecipientOutcome): AttemptResult =>
      finished === undefined
        ? result
        : { ...result, details: attemptDetails(message.envelope, outcome, finished) };
    for (const outcome of outcomes) {
      const recipient = this.work.recipients[outcome.recipient];
      if (recipient === undefined) continue;
      if (outcome.result !== 'delivered') {
        const { failure, result } = outcome;
        const isPermanent = result === 'permfail' && !wantsLogin(failure, place);
        const refusal = damage ?? failureRefusal(failure, place, isPermanent);
        const failed = failedResult(recipient, outcome.recipient, refusal, message.envelope, place);
        const { retryInMs } = outcome;
        results.push(told(retryInMs === undefined ? failed : { ...failed, retryInMs }, outcome));
        continue;
      }
      const { notify } = message.envelope.recipients[outcome.recipient] ?? {};
      const isUnreported = !peerKnowsDsn && notify?.success === true;
      const isFinal = relays.has(place.hop.transport) ? undefined : ({ isFinal: true } as const);
      const { onward } = outcome;
      const relayed = isUnreported ? { relayedTo: place.hop.host, ...isFinal } : undefined;
      const relayedTo =
        onward === undefined || relayed === undefined
          ? relayed
          : onwardReport(onward, relayed, message.envelope);
      const goesOn = onward === undefined ? undefined : { onward };
      results.push(told({ recipient, result: 'delivered', ...relayedTo, ...goesOn }, outcome));
    }
    return results;
  }
}

/** An archive has nobody to report to: the sender of the mail has not asked for the copy, and does not hear of it. */
function withoutReports(envelope: Envelope): Envelope {
  const recipients = envelope.recipients.map(({ address }) => ({ address }));
  return { ...envelope, recipients, ret: undefined, envelopeId: undefined };
}
