// The messages that were granted to one connection and are not over: those that wait, the one that is read from the spool, and those
// whose transactions have begun. Promise: they keep the order of the grants.

import type { Refusal } from '../../message/refusal.ts';
import type { HeaderChanges } from '../../values/header-changes.ts';
import type { ConnectionContext } from '../connection-context.ts';
import type { SocketHop } from '../../route/types.ts';
import { type OpenedMessage, openMessage } from '../open-message.ts';
import { withHeaderChanges } from '../changed-message.ts';
import { OtherSenders } from '../other-senders.ts';
import { TransactionInHand } from '../transaction-in-hand.ts';
import type { Work } from '../types.ts';
import type { PhaseTimer } from './phase-timer.ts';

export interface WorkEvents {
  /** The message that was being read is there. */
  opened(): void;
  /** It cannot be read. */
  unreadable(error: unknown): void;
}

/** Bounds the reading of a message. */
export type ReadingTimer = Pick<PhaseTimer, 'startReading' | 'endReading'>;

/** A message whose transaction can begin. */
export interface NextMessage extends OpenedMessage {
  readonly inHand: TransactionInHand;
}

/** A message that could not be read. */
interface Unreadable {
  readonly inHand: TransactionInHand;
  readonly refusal: Refusal;
}

export class GrantedWork {
  readonly #context: ConnectionContext;
  readonly #events: WorkEvents;
  /** Where senders are others than those of envelopes. */
  readonly #senders: OtherSenders | undefined;
  readonly #header: HeaderChanges | undefined;
  /** Ms on the clock of the deadlines. */
  readonly #startedAtMs: number;
  readonly #waiting: Work[];
  /** The message that is being read. */
  #reading: TransactionInHand | undefined;
  /** The message that was read, until the session takes it. */
  #opened: NextMessage | undefined;
  /** Transactions that have begun, oldest first, and between them what could not be read. */
  readonly #begun: (TransactionInHand | Unreadable)[] = [];
  #isFirst = true;

  /**
   * @param first - the work that the connection was opened for
   * @param hop - says what changes of mail on this connection
   */
  constructor(
    context: ConnectionContext,
    first: Work,
    hop: Pick<SocketHop, 'header' | 'rewritesSenders' | 'verp'>,
    events: WorkEvents,
  ) {
    this.#context = context;
    this.#startedAtMs = context.deadlines.nowMs;
    this.#waiting = [first];
    this.#events = events;
    const { rewritesSenders, verp } = hop;
    if (rewritesSenders === true || verp !== undefined)
      this.#senders = new OtherSenders(context.srs, rewritesSenders === true, verp);
    this.#header = hop.header;
  }

  get isReading(): boolean {
    return this.#reading !== undefined;
  }

  /** One is being read, or has been read and waits for the session. */
  get isAnyOpening(): boolean {
    return (this.#reading ?? this.#opened) !== undefined;
  }

  /** One is being read, or has been read, or is on the way. */
  get isAnyBegun(): boolean {
    return this.#begun.length > 0 || this.isAnyOpening;
  }

  /** One that has not begun is at hand. */
  get hasMore(): boolean {
    return this.#waiting.length > 0 || this.isAnyOpening;
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0 && !this.isAnyBegun;
  }

  /** The oldest transaction on the way. */
  get oldest(): TransactionInHand | undefined {
    const [oldest] = this.#begun;
    return oldest instanceof TransactionInHand ? oldest : undefined;
  }

  add(work: Work): void {
    this.#waiting.push(work);
  }

  /**
   * Begins to read the next message if it has to come from the disk, so that it is there when the session can take it: one message
   * ahead. @param timer - bounds the reading
   */
  readAhead(timer: ReadingTimer): void {
    const [next] = this.#waiting;
    if (next === undefined || next.fresh || this.#opened !== undefined || this.#reading !== undefined) return;
    const opened = this.#open(timer);
    if (opened !== undefined) this.#opened = opened;
  }

  /** Takes the next message, if it is there at once; else begins to read it. @param timer - bounds the reading */
  takeNext(timer: ReadingTimer): NextMessage | undefined {
    if (this.#opened !== undefined || this.#reading !== undefined) return this.takeOpened();
    const opened = this.#open(timer);
    if (opened !== undefined) this.#begun.push(opened.inHand);
    return opened;
  }

  /** Opens the next message; undefined when there is none, or when it will be `opened` later. */
  #open(timer: ReadingTimer): NextMessage | undefined {
    const work = this.#waiting.shift();
    if (work === undefined) return undefined;
    const { deadlines, spool } = this.#context;
    const { nowMs } = deadlines;
    const connectMs = this.#isFirst ? Math.round(nowMs - this.#startedAtMs) : 0;
    this.#isFirst = false;
    const inHand = new TransactionInHand(work, nowMs, connectMs);
    const read =
      this.#senders === undefined ? openMessage(spool, work) : this.#openToRewrite(work, this.#senders);
    const opened = this.#header === undefined ? read : withChanges(read, this.#header);
    if (!(opened instanceof Promise)) return { inHand, ...opened };
    this.#reading = inHand;
    timer.startReading();
    void opened.then(
      (message) => {
        if (this.#reading !== inHand) return;
        timer.endReading();
        this.#reading = undefined;
        this.#opened = { inHand, ...message };
        this.#events.opened();
      },
      (error: unknown) => {
        if (this.#reading === inHand) this.#events.unreadable(error);
      },
    );
    return undefined;
  }

  /** Without a promise where `openMessage` needs none. */
  #openToRewrite(work: Work, senders: OtherSenders): OpenedMessage | Promise<OpenedMessage> {
    const rewritten = (opened: OpenedMessage): OpenedMessage => {
      const sentAs = senders.senderOf(opened.message.envelope, work.recipients);
      return sentAs === undefined ? opened : { ...opened, sentAs };
    };
    const opened = openMessage(this.#context.spool, work);
    if (opened instanceof Promise) return opened.then(rewritten);
    try {
      return rewritten(opened);
    } catch (error) {
      return Promise.reject(error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** Takes the message that was being read, if it is there. */
  takeOpened(): NextMessage | undefined {
    const opened = this.#opened;
    if (opened === undefined) return undefined;
    this.#opened = undefined;
    this.#begun.push(opened.inHand);
    return opened;
  }

  /** The message that is being read cannot be read. Returns its work. */
  failReading(refusal: Refusal): Work | undefined {
    const inHand = this.#reading;
    if (inHand === undefined) return undefined;
    this.#reading = undefined;
    this.#begun.push({ inHand, refusal });
    return inHand.work;
  }

  /** Takes the oldest transaction on the way out, because it is over. */
  shiftOldest(): TransactionInHand | undefined {
    const { oldest } = this;
    if (oldest !== undefined) this.#begun.shift();
    return oldest;
  }

  /** Takes out what could not be read, if no transaction before it is on the way. */
  shiftUnreadable(): Unreadable | undefined {
    const [oldest] = this.#begun;
    if (oldest === undefined || oldest instanceof TransactionInHand) return undefined;
    this.#begun.shift();
    return oldest;
  }
}

/** Without a promise where none is needed. */
function withChanges(
  read: OpenedMessage | Promise<OpenedMessage>,
  header: HeaderChanges,
): OpenedMessage | Promise<OpenedMessage> {
  return read instanceof Promise
    ? read.then((opened) => withHeaderChanges(opened, header))
    : withHeaderChanges(read, header);
}
