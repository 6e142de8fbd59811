// The client side of QMQP and QMTP without I/O: which bytes stand around the content of a message, and what the answers mean. Promises:
// nothing counts as taken before its last byte was handed over; an answer that is lost, cut off, or none at all, is a temporary one.

import { InputQueue } from '../smtp/server/input-queue.ts';
import type { Frame, OutgoingPackage } from './package.ts';
import { ShortNetstring } from './short-netstring.ts';
import { mostVerdictText, readVerdict, type Verdict } from './verdict.ts';

/** How a protocol differs from the other one. */
export interface PackageDialect {
  readonly name: 'QMQP' | 'QMTP';
  frame(message: OutgoingPackage): Frame;
  /** Whether each recipient has an answer of its own, in their order; else the message has one. */
  readonly answersEachRecipient: boolean;
  /** How lines of the content end. */
  readonly lineEnds: 'LF' | 'CRLF';
  /** Whether further messages may follow on the connection. */
  readonly isReusable: boolean;
}

/** An answer of the server, or what stands for one that never came. */
export type ClientVerdict = Verdict & {
  /** The text is ours: the answer was lost, or is none. */
  readonly isOurs?: true;
};

/** A longer answer is none. */
const mostAnswerBytes = 64 * 1024;
/** Characters of a text may have four bytes; the letter comes before it. */
const mostKeptBytes = mostVerdictText * 4 + 1;

export class PackageClientSession {
  readonly #dialect: PackageDialect;
  readonly #input = new InputQueue();
  readonly #answer = new ShortNetstring();
  /** Of the message under way; undefined when there is none. */
  #recipients: number | undefined;
  #verdicts: ClientVerdict[] = [];
  #tail: Uint8Array | undefined;
  #isBroken = false;
  /** Has the server answered, or begun to answer, the message under way? */
  #hasAnswered = false;

  constructor(dialect: PackageDialect) {
    this.#dialect = dialect;
    this.#answer.start(mostAnswerBytes, mostKeptBytes);
  }

  /** Can another message begin? */
  get isReusable(): boolean {
    return !this.#isBroken && this.#dialect.isReusable;
  }

  /** The server broke a rule, so that what it says next would mean nothing: the connection must be closed. */
  get isBroken(): boolean {
    return this.#isBroken;
  }

  /** Nothing has come from the server about the message under way. */
  get isUntouched(): boolean {
    return !this.#hasAnswered;
  }

  /** Begins a message. @returns the bytes before its content */
  begin(message: OutgoingPackage): Uint8Array {
    const { head, tail } = this.#dialect.frame(message);
    this.#recipients = message.recipients.length;
    this.#verdicts = [];
    this.#tail = tail;
    this.#hasAnswered = false;
    return head;
  }

  /** All of the content was handed over. @returns the bytes behind it, with which the message is complete */
  end(): Uint8Array {
    const tail = this.#tail ?? new Uint8Array();
    this.#tail = undefined;
    return tail;
  }

  receive(chunk: Uint8Array): void {
    if (this.#isBroken || chunk.length === 0) return;
    this.#hasAnswered = true;
    this.#input.push(chunk);
    for (;;) {
      const step = this.#answer.next(this.#input);
      if (step === 'none') return;
      const verdict = step === 'end' ? readVerdict(this.#answer.bytes) : undefined;
      this.#answer.start(mostAnswerBytes, mostKeptBytes);
      if (verdict === undefined) return this.#break(`the server's answer is none of ${this.#dialect.name}`);
      if (!this.#take(verdict)) return;
    }
  }

  /** The connection is closed, or was given up. @param reason - such as `timed out` */
  lost(reason: string): void {
    this.#break(`${reason} before the answer was complete`);
  }

  /** The answers to the message under way, one for each of its recipients; undefined while some are missing. Ends the message. */
  takeVerdicts(): readonly ClientVerdict[] | undefined {
    if (this.#recipients === undefined || this.#verdicts.length < this.#expected) return undefined;
    const [only] = this.#verdicts;
    const verdicts =
      this.#dialect.answersEachRecipient || only === undefined
        ? this.#verdicts
        : Array<ClientVerdict>(this.#recipients).fill(only);
    this.#recipients = undefined;
    this.#verdicts = [];
    return verdicts;
  }

  get #expected(): number {
    return this.#dialect.answersEachRecipient ? (this.#recipients ?? 0) : 1;
  }

  /** @returns whether further answers may follow */
  #take(verdict: Verdict): boolean {
    if (this.#recipients === undefined || this.#verdicts.length === this.#expected) {
      // Whatever was answered before stays as it is.
      this.#isBroken = true;
      return false;
    }
    if (this.#tail === undefined) {
      this.#verdicts.push(verdict);
      return true;
    }
    // Of a message that it has not got, a server can only say that it will not take it.
    if (verdict.kind !== 'taken') this.#verdicts.push(verdict);
    this.#break('the server has answered before the message was complete');
    return false;
  }

  #break(text: string): void {
    this.#isBroken = true;
    if (this.#recipients === undefined) return;
    const verdict: ClientVerdict = { kind: 'temporary', text, isOurs: true };
    while (this.#verdicts.length < this.#expected) this.#verdicts.push(verdict);
  }
}
