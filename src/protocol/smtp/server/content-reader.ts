// Reads the content of one message, by DATA or by BDAT chunks, within the limits of size and line length. When a message breaks a
// rule, this is reported once, and the rest is read and dropped (RFC 5321 4.5.3.1.9, RFC 3030 2).

import { Buffer } from 'node:buffer';
import { ContentScanner } from './content-scanner.ts';
import type { InputQueue } from './input-queue.ts';
import { LineRepair } from './line-repair.ts';
import type { FixedReply } from './replies.ts';
import { Replies } from './replies.ts';
import type { SessionFacts } from './session-facts.ts';
import { TextLineLimit } from './text-line-limit.ts';

const nothing: Uint8Array = Buffer.alloc(0);

/**
 * `none`: more bytes are needed. `piece`: there is content in `piece`. `refused`: a rule was broken; it comes once.
 * `end`: the content, or this chunk of it, was read to its end; `refusal` is set when it is refused.
 */
export type ContentStep = 'none' | 'piece' | 'refused' | 'end';

export class ContentReader {
  piece: Uint8Array = nothing;
  /** The reply that refuses the content at its end; undefined while no rule was broken. */
  refusal: FixedReply | undefined;
  /** Is the chunk that is being read the last of its message? True for DATA. */
  isLast = true;

  readonly #scanner = new ContentScanner();
  readonly #facts: Pick<SessionFacts, 'maxMessageBytes'>;
  readonly #lineLimit: TextLineLimit | undefined;
  /** Undefined when a bare CR or LF is refused. */
  readonly #repair: LineRepair | undefined;
  /** Octets of the chunk (BDAT) that were not read yet; Infinity for DATA. */
  #leftOctets = 0;
  /** Octets of content until the message is too big. */
  #roomOctets = 0;
  #reportRefusal = false;
  #ended = false;

  constructor(facts: Pick<SessionFacts, 'maxMessageBytes' | 'options'>) {
    const { options } = facts;
    this.#facts = facts;
    this.#repair = options.bareNewlines === 'repair' ? new LineRepair() : undefined;
    this.#lineLimit = options.maxTextLineBytes > 0 ? new TextLineLimit(options.maxTextLineBytes) : undefined;
  }

  /** Begins the content of DATA. */
  startData(): void {
    this.#start(true);
    this.isLast = true;
    this.#leftOctets = Infinity;
  }

  /** Begins a message in chunks, each of which is begun by `startChunk`. */
  startChunks(): void {
    this.#start(false);
  }

  /** Begins a chunk of this many octets (RFC 3030 2). */
  startChunk(octets: number, isLast: boolean): void {
    this.#leftOctets = octets;
    this.isLast = isLast;
    this.#ended = false;
    if (octets > this.#roomOctets) this.#refuse(Replies.tooBig);
  }

  /** Begins a chunk that is read and dropped before this reply is sent. */
  discardChunk(octets: number, reply: FixedReply): void {
    this.#start(false);
    this.#leftOctets = octets;
    this.refusal = reply;
    this.#scanner.skip();
  }

  read(input: InputQueue): ContentStep {
    for (;;) {
      if (this.#reportRefusal) {
        this.#reportRefusal = false;
        return 'refused';
      }
      if (this.#ended) return 'end';
      let piece: Uint8Array | undefined;
      if (this.#leftOctets === 0) {
        piece = this.#endOfChunk();
      } else {
        if (!input.hasBytes()) {
          this.piece = nothing; // a waiting session must not keep a reference to a chunk
          return 'none';
        }
        piece = this.#scan(input);
      }
      if (piece !== undefined && this.#admit(piece)) return 'piece';
    }
  }

  #start(dots: boolean): void {
    this.#scanner.restart(this.#repair === undefined ? 'refuse' : 'pass', dots);
    this.#repair?.restart();
    this.#lineLimit?.restart();
    this.#roomOctets = this.#facts.maxMessageBytes > 0 ? this.#facts.maxMessageBytes : Infinity;
    this.refusal = undefined;
    this.#reportRefusal = false;
    this.#ended = false;
  }

  #scan(input: InputQueue): Uint8Array | undefined {
    const { chunk, position } = input;
    const verdict = this.#scanner.scan(chunk, position, Math.min(chunk.length, position + this.#leftOctets));
    const { next } = this.#scanner;
    input.position = next;
    this.#leftOctets -= next - position;
    if (verdict === 'end') this.#ended = true;
    else if (verdict === 'bare') this.#refuse(Replies.bareNewlineInContent);
    const { piece } = this.#scanner;
    return piece === undefined || this.#repair === undefined ? piece : this.#repair.convert(piece);
  }

  /** @returns what the end of the last chunk adds to the content */
  #endOfChunk(): Uint8Array | undefined {
    this.#ended = true;
    if (!this.isLast || this.refusal !== undefined) return undefined;
    if (this.#scanner.finish() === 'bare') this.#refuse(Replies.bareNewlineInContent);
    return this.#repair?.finish();
  }

  /** Sets `piece` to as much of it as the limits allow; false if that is nothing. It has no bare newlines. */
  #admit(piece: Uint8Array): boolean {
    let reason: FixedReply | undefined;
    let allowed = this.#lineLimit === undefined ? piece.length : this.#lineLimit.allowedBytes(piece);
    if (allowed < piece.length) reason = Replies.textLineTooLong;
    if (allowed > this.#roomOctets) {
      allowed = this.#roomOctets;
      reason = Replies.tooBig;
    }
    this.#roomOctets -= allowed;
    this.piece = allowed === piece.length ? piece : piece.subarray(0, allowed);
    if (reason !== undefined) this.#refuse(reason);
    return allowed > 0;
  }

  #refuse(reason: FixedReply): void {
    if (this.refusal !== undefined) return;
    this.refusal = reason;
    this.#reportRefusal = true;
    this.#scanner.skip();
  }
}
