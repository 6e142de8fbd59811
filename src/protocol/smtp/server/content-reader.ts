// Reads the content of one message, by DATA or by BDAT chunks, within the limits of size and line length. A message that breaks
// a rule is refused once and then read to its end without being handed on (RFC 5321 4.5.3.1.9, RFC 3030 2).

import { Buffer } from 'node:buffer';
import { ContentScanner } from './content-scanner.ts';
import type { InputQueue } from './input-queue.ts';
import { LineRepair } from './line-repair.ts';
import type { FixedReply } from './replies.ts';
import { Replies } from './replies.ts';
import type { ServerSessionOptions } from './server-types.ts';
import { TextLineLimit } from './text-line-limit.ts';

const nothing: Uint8Array = Buffer.alloc(0);

/**
 * `none`: more bytes are needed. `piece`: some content is in `piece`. `refused`: a rule was broken, comes once.
 * `end`: the content, or this chunk of it, is read; `refusal` says whether it may be taken.
 */
export type ContentStep = 'none' | 'piece' | 'refused' | 'end';

export class ContentReader {
  piece: Uint8Array = nothing;
  /** What to answer at the end; undefined while the content is good. */
  refusal: FixedReply | undefined;
  /** Whether the chunk being read is the last of its message; true for DATA. */
  isLast = true;

  readonly #scanner = new ContentScanner();
  readonly #options: ServerSessionOptions;
  readonly #lineLimit: TextLineLimit | undefined;
  /** Undefined where a CR or LF alone is refused. */
  readonly #repair: LineRepair | undefined;
  /** Octets of the chunk (BDAT) not read yet; Infinity for DATA. */
  #left = 0;
  /** Octets of content until the message is too big. */
  #room = 0;
  #refusedNow = false;
  #ended = false;

  constructor(options: ServerSessionOptions) {
    this.#options = options;
    this.#repair = options.bareNewlines === 'repair' ? new LineRepair() : undefined;
    this.#lineLimit = options.maxTextLineBytes > 0 ? new TextLineLimit(options.maxTextLineBytes) : undefined;
  }

  /** The content of DATA follows. */
  startData(): void {
    this.#start(true);
    this.isLast = true;
    this.#left = Infinity;
  }

  /** The chunks of a new message follow, each announced by `chunk`. */
  startChunks(): void {
    this.#start(false);
  }

  /** A chunk of this many octets follows (RFC 3030 2). */
  chunk(octets: number, isLast: boolean): void {
    this.#left = octets;
    this.isLast = isLast;
    this.#ended = false;
    if (octets > this.#room) this.#refuse(Replies.tooBig);
  }

  /** A chunk follows that will be answered with this reply: it is read and dropped. */
  discardChunk(octets: number, reply: FixedReply): void {
    this.#start(false);
    this.#left = octets;
    this.refusal = reply;
    this.#scanner.skip();
  }

  read(input: InputQueue): ContentStep {
    for (;;) {
      if (this.#refusedNow) {
        this.#refusedNow = false;
        return 'refused';
      }
      if (this.#ended) return 'end';
      let piece: Uint8Array | undefined;
      if (this.#left === 0) {
        piece = this.#endOfChunk();
      } else {
        if (!input.hasBytes()) {
          this.piece = nothing; // a waiting session keeps no chunk alive
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
    this.#room = this.#options.maxMessageBytes > 0 ? this.#options.maxMessageBytes : Infinity;
    this.refusal = undefined;
    this.#refusedNow = false;
    this.#ended = false;
  }

  #scan(input: InputQueue): Uint8Array | undefined {
    const { chunk, position } = input;
    const verdict = this.#scanner.scan(chunk, position, Math.min(chunk.length, position + this.#left));
    const { next } = this.#scanner;
    input.position = next;
    this.#left -= next - position;
    if (verdict === 'end') this.#ended = true;
    else if (verdict === 'bare') this.#refuse(Replies.bareNewlineInContent);
    const { piece } = this.#scanner;
    return piece === undefined || this.#repair === undefined ? piece : this.#repair.convert(piece);
  }

  /** Gives what the end of the last chunk adds to the content. */
  #endOfChunk(): Uint8Array | undefined {
    this.#ended = true;
    if (!this.isLast || this.refusal !== undefined) return undefined;
    if (this.#scanner.finish() === 'bare') this.#refuse(Replies.bareNewlineInContent);
    return this.#repair?.finish();
  }

  /** Takes as much of the piece as the limits allow into `piece`; false if that is nothing. The piece is free of bare newlines. */
  #admit(piece: Uint8Array): boolean {
    let reason: FixedReply | undefined;
    let allowed = this.#lineLimit === undefined ? piece.length : this.#lineLimit.allowed(piece);
    if (allowed < piece.length) reason = Replies.textLineTooLong;
    if (allowed > this.#room) {
      allowed = this.#room;
      reason = Replies.tooBig;
    }
    this.#room -= allowed;
    this.piece = allowed === piece.length ? piece : piece.subarray(0, allowed);
    if (reason !== undefined) this.#refuse(reason);
    return allowed > 0;
  }

  #refuse(reason: FixedReply): void {
    if (this.refusal !== undefined) return;
    this.refusal = reason;
    this.#refusedNow = true;
    this.#scanner.skip();
  }
}
