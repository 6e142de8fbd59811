// Questions that wait for their turn, and how fast they may begin. Thousands can be due in one moment: after a start, a reload or
// an outage. A name server reads them from the buffer of its socket, which holds some 200 small datagrams by default; of a greater
// burst the rest is lost, and sent again only after 300 ms. So a burst is bounded, and then a question begins for each one that
// ends. A few more begin as time passes, because a server that has to ask others works on many at once.
//
// Questions for addresses go first: they are the second step of look-ups that have begun, whose mail can be sent after it. So do those
// for CNAME and TLSA records, which are the step after that (RFC 7672 2.2).

import type { QueryType } from './message.ts';
import { WaitingLine } from './waiting-line.ts';

/** Most questions that begin in one moment. */
const burst = 100;
/** After this time as many may begin again, even if none has ended. */
const refillMs = 25;

export interface QuestionLineOptions {
  /** Ms on a monotonic clock. */
  readonly now: () => number;
  /** Called when questions may begin again, if `mayBegin` was asked while some were waiting and said no. */
  readonly goOn: () => void;
}

export class QuestionLine<T> {
  readonly #options: QuestionLineOptions;
  readonly #laterSteps = new WaitingLine<T>();
  readonly #others = new WaitingLine<T>();
  #left = burst;
  #refilledMs = -Infinity;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: QuestionLineOptions) {
    this.#options = options;
  }

  get length(): number {
    return this.#laterSteps.length + this.#others.length;
  }

  push(question: T, type: QueryType): void {
    (type === 'MX' || type === 'TXT' ? this.#others : this.#laterSteps).push(question);
  }

  /** Whether a question waits and may begin now. */
  mayBegin(): boolean {
    if (this.length === 0) return false;
    const nowMs = this.#options.now();
    if (nowMs >= this.#refilledMs + refillMs) {
      this.#left = burst;
      this.#refilledMs = nowMs;
    }
    if (this.#left > 0) return true;
    const waitMs = this.#refilledMs + refillMs - nowMs;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#options.goOn();
    }, waitMs).unref();
    return false;
  }

  /** Takes the question that is to begin now. */
  shift(): T | undefined {
    const question = this.#laterSteps.shift() ?? this.#others.shift();
    if (question !== undefined && this.#left > 0) this.#left--;
    return question;
  }

  /** A question that was begun has ended: another one may begin. */
  ended(): void {
    if (this.#left < burst) this.#left++;
  }

  /** From now on `goOn` is not called. */
  close(): void {
    clearTimeout(this.#timer);
  }
}
