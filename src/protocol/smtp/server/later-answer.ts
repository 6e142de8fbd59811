// The answer to a message that waits for stable storage while its session goes on. It is given once, and never permanent when it
// refuses: a message that must not come again is refused before it waits.

import { Buffer } from 'node:buffer';
import { assertRefusal, callerReply, Replies } from './replies.ts';
import type { Reply } from './server-types.ts';
import { SessionMisuseError } from './session-misuse-error.ts';

/** The queue of replies in which an answer has its place. */
export interface AnswerQueue {
  /** Are enhanced status codes sent? */
  readonly enhanced: boolean;
  /** An answer was given. */
  answered(): void;
}

export class LaterAnswer {
  /** The encoded answer; undefined until it is given. */
  bytes: Buffer | undefined;
  /** Bytes of input that the session had used up when the message was complete. */
  readonly usedBytes: number;
  /** Those of them behind the message before, when that waits, too. The chunks that they came in may still be in memory. */
  readonly aheadBytes: number;
  readonly #queue: AnswerQueue;
  readonly #times: number;
  readonly #enhanced: boolean;
  readonly #utf8: boolean;

  /**
   * @param times - how often the message is answered: in LMTP once for each recipient (RFC 2033 4.2)
   * @param utf8 - whether the client asked for SMTPUTF8
   * @param before - the message before, when that waits, too
   */
  constructor(
    queue: AnswerQueue,
    times: number,
    utf8: boolean,
    usedBytes: number,
    before: LaterAnswer | undefined,
  ) {
    this.#queue = queue;
    this.#times = times;
    this.#enhanced = queue.enhanced;
    this.#utf8 = utf8;
    this.usedBytes = usedBytes;
    this.aheadBytes = before === undefined ? 0 : usedBytes - before.usedBytes;
  }

  /** The message is on stable storage. @param text - instead of the usual one */
  accept(text?: string): void {
    if (text === undefined) this.#give(this.#enhanced ? Replies.ok.full : Replies.ok.plain);
    else this.#encode({ code: Replies.ok.code, enhanced: Replies.ok.enhanced, text });
  }

  /** The message could not be stored. @param reply - 4xx, other than 421 */
  reject(reply: Reply): void {
    assertRefusal(reply);
    // With 5xx, the number of errors after which a session ends would be reached at another command than when the client waits.
    if (reply.code >= 500 || reply.code === 421) {
      throw new SessionMisuseError(`A message that waited for stable storage was refused with ${reply.code}`);
    }
    this.#encode(reply);
  }

  #encode(reply: Reply): void {
    this.#give(callerReply(reply, this.#enhanced, this.#utf8).full);
  }

  #give(bytes: Buffer): void {
    if (this.bytes !== undefined) throw new SessionMisuseError('A message was answered twice');
    this.bytes = this.#times === 1 ? bytes : Buffer.concat(Array<Buffer>(this.#times).fill(bytes));
    this.#queue.answered();
  }
}
