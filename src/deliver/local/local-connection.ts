// What the transports have in common that need no socket: messages are taken one after the other, each is read from the spool, and what
// becomes of it is the transport's own. They are transports like others, so limits, fairness and the log are the same.

import type { Deadline } from '../../io/deadlines.ts';
import type { RecipientOutcome } from '../../protocol/smtp/client/client-types.ts';
import type { StoredMessage } from '../../spool/types.ts';
import type { ConnectionContext } from '../connection-context.ts';
import { openMessage } from '../open-message.ts';
import { readFailure } from '../read-failure.ts';
import { TransactionInHand } from '../transaction-in-hand.ts';
import type { TransportConnection } from '../transport.ts';
import type { AttemptResult, CloseReport, ConnectedPlace, ConnectGrant, Work } from '../types.ts';

type Outcomes = readonly RecipientOutcome[];

export abstract class LocalConnection implements TransportConnection {
  protected readonly context: ConnectionContext;
  protected readonly place: ConnectedPlace;
  /** Nobody hears of a delivery, not even who asked for it. */
  protected readonly isSilent: boolean = false;
  readonly #onEnded: () => void;
  /** Bounds the reading of a message: a disk that does not answer must not keep limits for ever. */
  readonly #deadline: Deadline;
  #next: Work | undefined;
  #inHand: TransactionInHand | undefined;
  /** Of what is done with the message in hand; undefined while it is read. */
  #breakOff: AbortController | undefined;
  #isReady = false;
  #isClosing = false;
  #hasEnded = false;

  constructor(context: ConnectionContext, { work, ...place }: ConnectGrant, onEnded: () => void) {
    this.context = context;
    this.place = place;
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

  /**
   * Delivers to the recipients of a transaction.
   * @param message - its envelope has all recipients of the message
   * @param inHand - has those of the transaction
   * @param signal - the process ends: nothing new begins, and what runs ends
   * @throws {Error} when the message cannot be read to its end; that is tried again
   */
  protected abstract deliver(
    message: StoredMessage,
    inHand: TransactionInHand,
    signal: AbortSignal,
  ): Outcomes | Promise<Outcomes>;

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

  abandon(): void {
    const hasBegun = this.#breakOff !== undefined;
    const isIdle = this.#inHand === undefined && this.#next === undefined;
    this.#isClosing = true;
    this.#inHand = undefined;
    this.#breakOff?.abort();
    this.context.deadlines.clear(this.#deadline);
    // Nothing became of a message that is still being read.
    this.#end({ kind: isIdle || hasBegun ? 'closed' : 'unused' });
  }

  #start(): void {
    if (this.#hasEnded) return;
    this.#isReady = true;
    this.context.reports.ready(this.place.connection);
    this.#begin();
  }

  #begin(): void {
    const work = this.#next;
    if (work === undefined || this.#hasEnded) return;
    this.#next = undefined;
    const { deadlines, settings, spool } = this.context;
    const inHand = new TransactionInHand(work, deadlines.nowMs, 0);
    this.#inHand = inHand;
    const opened = openMessage(spool, work);
    if (!(opened instanceof Promise)) {
      this.#carryOut(inHand, opened.message);
      return;
    }
    deadlines.set(this.#deadline, settings.timeouts.blockMs);
    void opened.then(
      ({ message }) => this.#carryOut(inHand, message),
      (error: unknown) => this.#failed(inHand, error),
    );
  }

  #carryOut(inHand: TransactionInHand, message: StoredMessage): void {
    if (this.#inHand !== inHand) return;
    this.context.deadlines.clear(this.#deadline);
    inHand.take(message, false);
    const breakOff = new AbortController();
    this.#breakOff = breakOff;
    const outcomes = this.deliver(message, inHand, breakOff.signal);
    if (!(outcomes instanceof Promise)) {
      this.#delivered(inHand, outcomes);
      return;
    }
    void outcomes.then(
      (settled) => this.#delivered(inHand, settled),
      (error: unknown) => this.#failed(inHand, error),
    );
  }

  #delivered(inHand: TransactionInHand, outcomes: Outcomes): void {
    if (this.#inHand !== inHand) return;
    const { work, begunAtMs, message } = inHand;
    if (message !== undefined) {
      const transactionMs = Math.round(this.context.deadlines.nowMs - begunAtMs);
      const facts = { work, ...message, grant: this.place, source: '', connectMs: 0, transactionMs };
      this.context.log.delivered(facts, outcomes);
    }
    const finished = inHand.finished(this.context, undefined);
    this.#report(inHand, inHand.results(outcomes, this.place, this.isSilent, finished));
  }

  #failed(inHand: TransactionInHand, error: unknown): void {
    if (this.#inHand === inHand) this.#unreadable(error);
  }

  #unreadable(error: unknown): void {
    const inHand = this.#inHand;
    if (inHand === undefined) return;
    const refusal = readFailure(error);
    this.context.log.unreadable(inHand.work, refusal);
    this.#report(inHand, inHand.unreadable(refusal));
  }

  #report({ work }: TransactionInHand, results: readonly AttemptResult[]): void {
    this.context.deadlines.clear(this.#deadline);
    this.#inHand = undefined;
    this.#breakOff = undefined;
    this.context.reports.done(this.place.connection, results, !this.#isClosing, work.queueId);
    if (this.#isClosing) this.quit();
    else this.#begin();
  }

  #end(report: CloseReport): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.context.reports.closed(this.place.connection, report);
    this.#onEnded();
  }
}
