// The transport that delivers into nothing: every recipient of a message that can be read is delivered, and nothing is kept. It is
// a transport like others, so limits, fairness and the log are the same; no socket is opened.

import type { Deadline } from '../../io/deadlines.ts';
import type { RecipientOutcome, RemoteReply } from '../../protocol/smtp/client/client-types.ts';
import type { ConnectionContext } from '../connection-context.ts';
import { openMessage } from '../open-message.ts';
import { readFailure } from '../read-failure.ts';
import { TransactionInHand } from '../transaction-in-hand.ts';
import type { TransportConnection } from '../transport.ts';
import type { CloseReport, ConnectedPlace, ConnectGrant, Work } from '../types.ts';
import type { StoredMessage } from '../../spool/types.ts';

const discarded: RemoteReply = { code: 250, enhanced: '2.0.0', lines: ['discarded'], command: 'content' };

export class DiscardConnection implements TransportConnection {
  readonly #context: ConnectionContext;
  readonly #place: ConnectedPlace;
  readonly #onEnded: () => void;
  /** Bounds the reading of a message: a disk that does not answer must not keep limits for ever. */
  readonly #deadline: Deadline;
  #next: Work | undefined;
  #inHand: TransactionInHand | undefined;
  #isReady = false;
  #isClosing = false;
  #hasEnded = false;

  constructor(context: ConnectionContext, { work, ...place }: ConnectGrant, onEnded: () => void) {
    this.#context = context;
    this.#place = place;
    this.#onEnded = onEnded;
    this.#next = work;
    const { blockMs } = context.settings.timeouts;
    this.#deadline = {
      atMs: Infinity,
      bucket: -1,
      expired: () => this.#unreadable(new Error(`the disk did not answer within ${blockMs / 1000} s`)),
    };
    // Nothing is reported before the caller has the connection.
    queueMicrotask(() => this.#start());
  }

  transact(work: Work): void {
    this.#next = work;
    if (this.#isReady && this.#inHand === undefined && !this.#isClosing) this.#begin();
  }

  quit(): void {
    this.#isClosing = true;
    if (this.#inHand === undefined)
      this.#end(this.#next === undefined ? { kind: 'closed' } : { kind: 'unused' });
  }

  finish(): void {
    this.quit();
  }

  /** Nothing became of a message that is still being read. */
  abandon(): void {
    const isIdle = this.#inHand === undefined && this.#next === undefined;
    this.#isClosing = true;
    this.#inHand = undefined;
    this.#context.deadlines.clear(this.#deadline);
    this.#end({ kind: isIdle ? 'closed' : 'unused' });
  }

  #start(): void {
    if (this.#hasEnded) return;
    this.#isReady = true;
    this.#context.reports.ready(this.#place.connection);
    this.#begin();
  }

  #begin(): void {
    const work = this.#next;
    if (work === undefined || this.#hasEnded) return;
    this.#next = undefined;
    const { deadlines, settings, spool } = this.#context;
    const inHand = new TransactionInHand(work, deadlines.nowMs, 0);
    this.#inHand = inHand;
    const opened = openMessage(spool, work);
    if (!(opened instanceof Promise)) {
      this.#discard(inHand, opened.message);
      return;
    }
    deadlines.set(this.#deadline, settings.timeouts.blockMs);
    void opened.then(
      ({ message }) => this.#discard(inHand, message),
      (error: unknown) => {
        if (this.#inHand === inHand) this.#unreadable(error);
      },
    );
  }

  /** The message is read at all only for the log, and because a damaged one must not vanish unseen. */
  #discard(inHand: TransactionInHand, message: StoredMessage): void {
    if (this.#inHand !== inHand) return;
    inHand.take(message, false);
    const { work, begunAtMs, message: taken } = inHand;
    const outcomes = work.recipients.map((_, recipient): RecipientOutcome => ({
      recipient,
      result: 'delivered',
      reply: discarded,
    }));
    if (taken !== undefined) {
      const transactionMs = Math.round(this.#context.deadlines.nowMs - begunAtMs);
      const facts = { work, ...taken, grant: this.#place, source: '', connectMs: 0, transactionMs };
      this.#context.log.delivered(facts, outcomes);
    }
    // Nobody is told of a delivery, not even with NOTIFY=SUCCESS: the administrator wants nothing to come of this mail.
    const finished = inHand.finished(this.#context, undefined);
    this.#report(inHand, inHand.results(outcomes, this.#place, true, finished));
  }

  #unreadable(error: unknown): void {
    const inHand = this.#inHand;
    if (inHand === undefined) return;
    const refusal = readFailure(error);
    this.#context.log.unreadable(inHand.work, refusal);
    this.#report(inHand, inHand.unreadable(refusal));
  }

  #report({ work }: TransactionInHand, results: ReturnType<TransactionInHand['results']>): void {
    this.#context.deadlines.clear(this.#deadline);
    this.#inHand = undefined;
    this.#context.reports.done(this.#place.connection, results, !this.#isClosing, work.queueId);
    if (this.#isClosing) this.quit();
    else this.#begin();
  }

  #end(report: CloseReport): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#context.reports.closed(this.#place.connection, report);
    this.#onEnded();
  }
}
