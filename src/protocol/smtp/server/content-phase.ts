// The content of the present message, by DATA or in chunks (RFC 5321 4.1.1.4, RFC 3030): how it begins, what is dropped unread, and how
// often its end is answered.

import { ContentReader } from './content-reader.ts';
import type { FixedReply } from './replies.ts';
import type { SessionFacts } from './session-facts.ts';
import type { Chunk } from './transaction.ts';

export class ContentPhase {
  readonly reader: ContentReader;
  /** How often the end of the present content, or chunk of it, is answered. */
  repliesAtEnd = 1;
  readonly #facts: SessionFacts;

  constructor(facts: SessionFacts) {
    this.#facts = facts;
    this.reader = new ContentReader(facts);
  }

  /** Begins content that was allowed. @returns false when it begins with a chunk, which is not answered before its end */
  begin(): boolean {
    const { transaction } = this.#facts;
    const chunk = transaction.firstChunk;
    transaction.firstChunk = undefined;
    this.repliesAtEnd = this.#facts.repliesAtEnd(chunk?.isLast ?? true);
    if (chunk === undefined) {
      this.reader.startData();
      return true;
    }
    transaction.byChunks = true;
    this.reader.startChunks();
    this.reader.startChunk(chunk.octets, chunk.isLast);
    return false;
  }

  /**
   * Begins a further chunk, or notes the first one of a message, for `begin`.
   * @param refusal - the chunk is read and dropped before this reply is sent (RFC 3030 2)
   * @returns false when it is the first one, which has to be allowed before
   */
  beginChunk(chunk: Chunk, refusal: FixedReply | undefined): boolean {
    const { transaction } = this.#facts;
    if (refusal === undefined && !transaction.byChunks) {
      transaction.firstChunk = chunk;
      return false;
    }
    const { octets, isLast } = chunk;
    this.repliesAtEnd = this.#facts.repliesAtEnd(isLast);
    if (refusal === undefined) this.reader.startChunk(octets, isLast);
    else this.reader.discardChunk(octets, refusal);
    return true;
  }

  /** Ends the transaction instead of beginning content. @returns whether a chunk has to be read before this reply (RFC 3030 2) */
  refuse(reply: FixedReply): boolean {
    const { transaction } = this.#facts;
    const chunk = transaction.firstChunk;
    this.repliesAtEnd = this.#facts.repliesAtEnd(chunk?.isLast === true);
    transaction.end();
    if (chunk !== undefined) this.reader.discardChunk(chunk.octets, reply);
    return chunk !== undefined;
  }
}
