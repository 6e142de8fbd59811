// Finds the end of a message's content and takes out the dot-stuffing, in one pass over each chunk and without copying
// (RFC 5321 4.1.1.4, 4.5.2). Only CRLF.CRLF ends a message: a CR or LF alone never does, in any combination (RFC 5321 2.3.8).

import { nextControlByte } from './control-bytes.ts';

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const dot = 0x2e;

const dotPiece = Uint8Array.of(dot);
const dotCrPiece = Uint8Array.of(dot, carriageReturn);

/** What the bytes before the current one leave open. */
const text = 0;
/** A true CRLF, or the beginning of the content. */
const lineStart = 1;
/** A CR, which was handed on as content. */
const afterCr = 2;
/** A dot at the start of a line, which was not handed on. */
const afterDot = 3;
/** The same and a CR, neither of which was handed on. */
const afterDotCr = 4;

/**
 * `more`: go on with the bytes from `next`, or with the next chunk. `end`: the message ended before `next`.
 * `bare`: a CR or LF alone was found, and `refuse` was asked for; go on from `next` as after `more`.
 */
export type ContentVerdict = 'more' | 'end' | 'bare';

/** What to do with a CR or LF alone; `skip`: look for the end of the content only, and hand nothing on. */
export type BareNewlineRule = 'refuse' | 'pass' | 'skip';

/** Scans the content of one message; `restart` makes it ready for the next. */
export class ContentScanner {
  /** After `scan`: a piece of content, if any; a view into the chunk where possible. */
  piece: Uint8Array | undefined;
  /** After `scan`: index of the first byte that was not consumed. */
  next = 0;

  #state = lineStart;
  #rule: BareNewlineRule = 'refuse';
  #dots = true;

  /** @param dots - true for DATA; false for BDAT, whose content has no dot-stuffing and no end mark (RFC 3030 2) */
  restart(rule: BareNewlineRule, dots: boolean): void {
    this.#state = lineStart;
    this.#rule = rule;
    this.#dots = dots;
  }

  /** From here on nothing is handed on, only the end is looked for: the message is already refused. */
  skip(): void {
    this.#rule = 'skip';
    this.piece = undefined;
  }

  /** After the last byte of content whose end is known by its length (BDAT): `bare` if the LF of a CR did not come. */
  finish(): ContentVerdict {
    this.piece = undefined;
    return this.#state === afterCr && this.#rule === 'refuse' ? 'bare' : 'more';
  }

  /** Reads on from `from`, at most to `to`; hands on at most one piece. */
  scan(chunk: Uint8Array, from: number, to: number): ContentVerdict {
    this.piece = undefined;
    this.next = from;
    if (from >= to) return 'more';
    if (this.#state !== text) {
      const verdict = this.#resume(chunk, from);
      // Something was decided about bytes of the chunk before; the rest of this one comes with the next call.
      if (verdict !== undefined) return verdict;
    }
    return this.#scanText(chunk, this.next, to);
  }

  /**
   * Deals with what the bytes before left open. Undefined: scanning may go on at `next` as within a line, or (with the state
   * set to `lineStart`) at the start of one.
   */
  #resume(chunk: Uint8Array, from: number): ContentVerdict | undefined {
    const c = chunk[from] as number;
    switch (this.#state) {
      case lineStart:
        this.#state = text;
        if (c !== dot || !this.#dots) return undefined;
        this.#state = afterDot;
        this.next = from + 1;
        return 'more';
      case afterCr:
        if (c !== lineFeed) {
          this.#state = text;
          return this.#rule === 'refuse' ? 'bare' : undefined;
        }
        this.#state = lineStart;
        this.next = from + 1;
        this.#hand(chunk, from, from + 1);
        return 'more';
      case afterDot:
        if (c === carriageReturn) {
          this.#state = afterDotCr;
          this.next = from + 1;
          return 'more';
        }
        this.#state = text;
        // RFC 5321 4.5.2: other characters follow, so the dot was stuffing. Before a bare LF it was not: a line that is "."
        // for whoever takes LF for a newline stays a line of content.
        if (c === lineFeed) {
          this.#handFixed(dotPiece);
          return 'more';
        }
        return undefined;
      case afterDotCr:
        if (c === lineFeed) {
          this.next = from + 1;
          return 'end';
        }
        this.#state = afterCr; // this CR stood alone, and the dot before it is content
        this.#handFixed(dotCrPiece);
        return 'more';
      default:
        return undefined;
    }
  }

  /** Within a line; the state is `text`. */
  #scanText(chunk: Uint8Array, from: number, to: number): ContentVerdict {
    const dots = this.#dots;
    let i = from;
    while ((i = nextControlByte(chunk, i, to)) < to) {
      const c = chunk[i++];
      if (c === carriageReturn) {
        if (i === to) {
          this.#state = afterCr;
          break;
        }
        if (chunk[i] !== lineFeed) {
          if (this.#rule !== 'refuse') continue;
          this.#state = afterCr;
          this.next = i;
          this.#hand(chunk, from, i);
          return 'more'; // the next call finds it alone
        }
        i++;
        if (i === to) {
          this.#state = lineStart;
          break;
        }
        if (dots && chunk[i] === dot) {
          this.#hand(chunk, from, i);
          if (i + 2 < to && chunk[i + 1] === carriageReturn && chunk[i + 2] === lineFeed) {
            this.next = i + 3;
            return 'end';
          }
          this.#state = afterDot;
          this.next = i + 1;
          return 'more';
        }
      } else if (c === lineFeed && this.#rule === 'refuse') {
        const at = i - 1;
        if (at > from) {
          this.next = at;
          this.#hand(chunk, from, at);
          return 'more';
        }
        this.next = i;
        return 'bare';
      }
    }
    this.next = to;
    this.#hand(chunk, from, to);
    return 'more';
  }

  #hand(chunk: Uint8Array, from: number, to: number): void {
    if (this.#rule !== 'skip' && to > from) this.piece = chunk.subarray(from, to);
  }

  #handFixed(piece: Uint8Array): void {
    if (this.#rule !== 'skip') this.piece = piece;
  }
}
