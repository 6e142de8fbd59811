// Queues the replies of a session. They are taken as one buffer, so that the replies to a pipelined batch leave in one write
// (RFC 2920 3.2). Counts the replies of 5xx.

import { Buffer } from 'node:buffer';
import type { FixedReply } from './replies.ts';
import { callerReply } from './replies.ts';

export class ReplyQueue {
  /** Are enhanced status codes sent? Not to a client that said HELO (RFC 2034 3). */
  enhanced = true;
  /** Replies of 5xx so far. */
  errors = 0;
  #queued: Buffer[] = [];

  send(reply: FixedReply): void {
    if (reply.code >= 500) this.errors++;
    this.#queued.push(this.enhanced ? reply.full : reply.plain);
  }

  /**
   * Queues a reply with another text and enhanced status code.
   * @param text - undefined to queue the reply unchanged
   * @param utf8 - whether the client asked for SMTPUTF8
   */
  sendWithText(reply: FixedReply, text: string | undefined, enhanced = reply.enhanced, utf8 = false): void {
    if (text === undefined) this.send(reply);
    else this.send(callerReply({ code: reply.code, enhanced, text }, this.enhanced, utf8));
  }

  /** Queues the greeting or an answer to HELO or EHLO, which never have an enhanced code (RFC 2034 4). */
  sendBytes(reply: Buffer): void {
    this.#queued.push(reply);
  }

  take(): Uint8Array | undefined {
    const queued = this.#queued;
    if (queued.length === 0) return undefined;
    this.#queued = [];
    return queued.length === 1 ? queued[0] : Buffer.concat(queued);
  }
}
