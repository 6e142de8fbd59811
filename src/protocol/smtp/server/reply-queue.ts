// Replies on their way out: counted if they are errors, and taken as one buffer, so that the replies to a pipelined batch
// leave in one write (RFC 2920 3.2).

import { Buffer } from 'node:buffer';
import type { FixedReply } from './replies.ts';
import { callerReply } from './replies.ts';

export class ReplyQueue {
  /** Whether enhanced status codes are sent: not to a client that said HELO (RFC 2034 3). */
  enhanced = true;
  /** Replies of 5xx so far. */
  errors = 0;
  #queued: Buffer[] = [];

  send(reply: FixedReply): void {
    if (reply.code >= 500) this.errors++;
    this.#queued.push(this.enhanced ? reply.full : reply.plain);
  }

  /** The same with the caller's text, if it has one, and its status code. `utf8`: the client asked for SMTPUTF8. */
  say(reply: FixedReply, text: string | undefined, enhanced = reply.enhanced, utf8 = false): void {
    if (text === undefined) this.send(reply);
    else this.send(callerReply({ code: reply.code, enhanced, text }, this.enhanced, utf8));
  }

  /** The greeting and answers to HELO and EHLO, which never have an enhanced code (RFC 2034 4). */
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
