// Queues the replies of a session. They are taken as one buffer, so that the replies to a pipelined batch leave in one write
// (RFC 2920 3.2). Counts the replies of 5xx. Promises: replies are taken in the order of their commands, even if some are given later.

import { Buffer } from 'node:buffer';
import { LaterAnswer } from './later-answer.ts';
import { helloReply, listenerReplies } from './listener-replies.ts';
import { callerReply, continuationLines, type FixedReply } from './replies.ts';
import type { Reply } from './server-types.ts';
import type { SessionFacts } from './session-facts.ts';

/** Hears what both sides of a session say. Content is not among it. */
export interface ConversationListener {
  /** The client has sent this line, without CRLF. What it sends to log in is hidden. */
  said(line: string): void;
  /** These replies leave, each line with its CRLF. */
  replied(bytes: Uint8Array): void;
}

const nothing = Buffer.alloc(0);

export class ReplyQueue {
  /** Are enhanced status codes sent? Not to a client that said HELO (RFC 2034 3). */
  enhanced = true;
  isGreeted = false;
  /** Hears what both sides say; nobody when not given. */
  listener: ConversationListener | undefined;
  /** Replies of 5xx so far. */
  #errors = 0;
  readonly #facts: SessionFacts;
  #queued: (Buffer | LaterAnswer)[] = [];
  /** Answers that come later, from the oldest that is not given on. */
  #open: LaterAnswer[] = [];
  /** Lines that the next reply begins with. */
  #lines: string[] = [];

  constructor(facts: SessionFacts) {
    this.#facts = facts;
  }

  /** Replies that were not taken, and answers that were not given. */
  get length(): number {
    return this.#queued.length;
  }

  /** Messages whose answer cannot be taken: it is not given, or that of an earlier message is not. */
  get unanswered(): number {
    return this.#open.length;
  }

  get oldestUnanswered(): LaterAnswer | undefined {
    return this.#open[0];
  }

  /**
   * Queues a reply.
   * @param times - how often
   * @returns whether there are too many errors now
   */
  send(reply: FixedReply, times = 1): boolean {
    const bytes = this.enhanced ? reply.full : reply.plain;
    this.#queue(bytes);
    for (let left = times; left > 1; left--) this.#queued.push(bytes);
    if (reply.code < 500) return false;
    this.#errors += times;
    const { maxErrors } = this.#facts.options;
    return maxErrors > 0 && this.#errors >= maxErrors;
  }

  /**
   * Queues a positive reply, perhaps with another text and enhanced status code.
   * @param text - undefined for the usual one
   * @param times - how often
   */
  accept(reply: FixedReply, text?: string, enhanced = reply.enhanced, times = 1): void {
    this.send(text === undefined ? reply : this.encode({ code: reply.code, enhanced, text }), times);
  }

  /** Encodes a caller's reply to this client. @param withEnhanced - whether it may have an enhanced code */
  encode(reply: Reply, withEnhanced = true): FixedReply {
    return callerReply(reply, withEnhanced && this.enhanced, this.#facts.transaction.smtpUtf8);
  }

  /** The next reply begins with this line: see `replies.ts` for what becomes of characters that cannot be sent. */
  addLine(text: string): void {
    this.#lines.push(text);
  }

  /** Queues the greeting, which never has an enhanced code (RFC 2034 4). */
  greet(): void {
    this.isGreeted = true;
    this.#queue(listenerReplies(this.#facts.options).greeting);
  }

  /** Queues a first line of the greeting, which comes later. */
  greetFirst(text: string): void {
    const { greeting } = listenerReplies(this.#facts.options);
    this.#queue(continuationLines(greeting, [`${this.#facts.options.hostname} ${text}`]));
  }

  /** Queues the answer to an accepted EHLO or HELO, which never has an enhanced code (RFC 2034 4). */
  acceptHello(extended: boolean, text: string | undefined): void {
    this.enhanced = extended;
    this.#queue(helloReply(this.#facts, extended, text));
  }

  /**
   * Queues the answer to the present message, which comes later.
   * @param times - how often it is given
   * @param usedBytes - bytes of input that are used up
   */
  acceptLater(times: number, usedBytes: number): LaterAnswer {
    const { smtpUtf8 } = this.#facts.transaction;
    const answer = new LaterAnswer(this, times, smtpUtf8, usedBytes, this.#open.at(-1));
    this.#queued.push(answer);
    this.#open.push(answer);
    return answer;
  }

  /** One of the answers that come later was given. */
  answered(): void {
    while (this.#open[0]?.bytes !== undefined) this.#open.shift();
  }

  #queue(reply: Buffer): void {
    if (this.#lines.length > 0) {
      this.#queued.push(continuationLines(reply, this.#lines));
      this.#lines = [];
    }
    this.#queued.push(reply);
  }

  /** The replies up to the first answer that is not given. */
  take(): Uint8Array | undefined {
    const [oldest] = this.#open;
    const ready = oldest === undefined ? this.#queued.length : this.#queued.indexOf(oldest);
    if (ready === 0) return undefined;
    const taken = this.#queued.splice(0, ready);
    const [first] = taken;
    const bytes =
      taken.length === 1 && first !== undefined ? bytesOf(first) : Buffer.concat(taken.map(bytesOf));
    this.listener?.replied(bytes);
    return bytes;
  }
}

function bytesOf(reply: Buffer | LaterAnswer): Buffer {
  return reply instanceof LaterAnswer ? (reply.bytes ?? nothing) : reply;
}
