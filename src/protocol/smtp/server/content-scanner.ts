// Finds the end of a message's content and removes the dot-stuffing, in one pass over each chunk and without copying
// (RFC 5321 4.1.1.4, 4.5.2). Promises: only CRLF.CRLF ends a message, never a bare CR or LF in any combination (RFC 5321 2.3.8).

import { nextControlByte } from './control-bytes.ts';

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const dot = 0x2e;

const dotPiece = Uint8Array.of(dot);
const dotCrPiece = Uint8Array.of(dot, carriageReturn);

/** The states of the scanner, after the last byte: within a line. */
const text = 0;
/** After a CRLF, or at the beginning of the content. */
const lineStart = 1;
/** After a CR, which was part of a piece. */
const afterCr = 2;
/** After a dot at the start of a line, which was not part of a piece. */
const afterDot = 3;
/** After a dot at the start of a line and a CR, neither of which was part of a piece. */
const afterDotCr = 4;

/**
 * `more`: continue with the bytes from `next`, or with the next chunk. `end`: the message ended before `next`.
 * `bare`: a bare CR or LF was found under the rule `refuse`; continue from `next` as after `more`.
 */
export type ContentVerdict = 'more' | 'end' | 'bare';

/** What to do with a bare CR or LF. With `skip`, only the end of the content is looked for, and there are no pieces. */
export type BareNewlineRule = 'refuse' | 'pass' | 'skip';

/** Scans the content of one message; `restart` prepares it for the next one. */
export class ContentScanner {
  /** After `scan`: a piece of content, if there is one; a view into the chunk where possible. */
  piece: Uint8Array | undefined;
  /** After `scan`: the index of the first byte that was not consumed. */
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

  /** From now on, only the end is looked for and there are no pieces, since the message is refused already. */
  skip(): void {
    this.#rule = 'skip';
    this.piece = undefined;
  }

  /** Call it after the last byte of content by BDAT, which has no end mark. `bare` if the content ends with a CR without its LF. */
  finish(): ContentVerdict {
    this.piece = undefined;
    return this.#state === afterCr && this.#rule === 'refuse' ? 'bare' : 'more';
  }

  /** Scans from `from`, at most to `to`, and sets at most one piece. */
  scan(chunk: Uint8Array, from: number, to: number): ContentVerdict {
    this.piece = undefined;
    this.next = from;
    if (from >= to) return 'more';
    if (this.#state !== text) {
      const verdict = this.#resume(chunk, from);
      // This call decided about bytes of the chunk before. The next call scans the rest of this chunk.
      if (verdict !== undefined) return verdict;
    }
    return this.#scanText(chunk, this.next, to);
  }

  /**
   * Decides about bytes of the chunk before whose meaning depends on the next byte.
   * @returns undefined when scanning may continue at `next` within a line
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
        this.#setPiece(chunk, from, from + 1);
        return 'more';
      case afterDot:
        if (c === carriageReturn) {
          this.#state = afterDotCr;
          this.next = from + 1;
          return 'more';
        }
        this.#state = text;
        // RFC 5321 4.5.2: other characters follow, so the dot was added by dot-stuffing. Before a bare LF the dot is kept, so that a
        // line "." stays content also for a server that takes LF for a line end.
        if (c === lineFeed) {
          this.#setFixedPiece(dotPiece);
          return 'more';
        }
        return undefined;
      case afterDotCr:
        if (c === lineFeed) {
          this.next = from + 1;
          return 'end';
        }
        this.#state = afterCr; // a bare CR: it and the dot before it are content
        this.#setFixedPiece(dotCrPiece);
        return 'more';
      default:
        return undefined;
    }
  }

  /** Scans within a line: the state is `text`. */
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
          this.#setPiece(chunk, from, i);
          return 'more'; // the next call finds the bare CR
        }
        i++;
        if (i === to) {
          this.#state = lineStart;
          break;
        }
        if (dots && chunk[i] === dot) {
          this.#setPiece(chunk, from, i);
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
          this.#setPiece(chunk, from, at);
          return 'more';
        }
        this.next = i;
        return 'bare';
      }
    }
    this.next = to;
    this.#setPiece(chunk, from, to);
    return 'more';
  }

  #setPiece(chunk: Uint8Array, from: number, to: number): void {
    if (this.#rule !== 'skip' && to > from) this.piece = chunk.subarray(from, to);
  }

  #setFixedPiece(piece: Uint8Array): void {
    if (this.#rule !== 'skip') this.piece = piece;
  }
}
