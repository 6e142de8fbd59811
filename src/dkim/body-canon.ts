// Canonical forms of a body (RFC 6376 3.4.3, 3.4.4), piece by piece. Promises: however the body is cut into pieces, what comes out is the
// same; nothing is kept but a count. Only CRLF ends a line, and only SP and TAB are blanks.

/** Takes the canonical body, in pieces. A piece is valid only during the call. */
export type TakeBytes = (bytes: Uint8Array) => void;

export type BodyCanonicalization = 'simple' | 'relaxed';

const tab = 0x09;
const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const space = 0x20;

export interface BodyCanon {
  push(bytes: Uint8Array): void;
  /** The body has ended. */
  finish(): void;
}

export function bodyCanon(kind: BodyCanonicalization, take: TakeBytes): BodyCanon {
  return kind === 'simple' ? new SimpleBody(take) : new RelaxedBody(take);
}

/** RFC 6376 3.4.3: the lines as they are, without the empty ones at the end, and with one CRLF, also when there are none. */
class SimpleBody implements BodyCanon {
  readonly #lines: TrailingLines;

  constructor(take: TakeBytes) {
    this.#lines = new TrailingLines(take);
  }

  push(bytes: Uint8Array): void {
    this.#lines.push(bytes);
  }

  finish(): void {
    this.#lines.finish(true);
  }
}

/** RFC 6376 3.4.4: runs of blanks are one SP, those at the end of a line nothing; then as above, but an empty body stays empty. */
class RelaxedBody implements BodyCanon {
  readonly #lines: TrailingLines;
  /** Blanks whose line has not gone on. */
  #afterBlank = false;
  /** A CR, after those blanks, whose LF has not come. */
  #afterCr = false;

  constructor(take: TakeBytes) {
    this.#lines = new TrailingLines(take);
  }

  push(bytes: Uint8Array): void {
    if (!this.#afterCr && !this.#afterBlank && isRelaxed(bytes)) this.#lines.push(bytes);
    else if (bytes.length <= mostAtOnce) this.#push(bytes);
    else
      for (let at = 0; at < bytes.length; at += mostAtOnce) this.#push(bytes.subarray(at, at + mostAtOnce));
  }

  #push(bytes: Uint8Array): void {
    const out = scratch;
    const end = bytes.length;
    let length = 0;
    let at = 0;
    while (at < end && (this.#afterCr || this.#afterBlank))
      length = this.#resume(bytes[at++] as number, length);
    // Most bytes are copied, with one comparison each: every message that is signed or verified goes through this loop.
    while (at < end) {
      const c = bytes[at] as number;
      if (c > space || (c !== space && c !== tab && c !== carriageReturn)) {
        out[length++] = c;
        at++;
        continue;
      }
      let next = at;
      while (next < end && (bytes[next] === space || bytes[next] === tab)) next++;
      const hasBlank = next > at;
      if (next === end) {
        this.#afterBlank = hasBlank;
        break;
      }
      if (bytes[next] === carriageReturn) {
        if (next + 1 === end) {
          this.#afterBlank = hasBlank;
          this.#afterCr = true;
          break;
        }
        if (bytes[next + 1] === lineFeed) {
          out[length++] = carriageReturn;
          out[length++] = lineFeed;
          at = next + 2;
          continue;
        }
      }
      if (hasBlank) out[length++] = space;
      else out[length++] = bytes[next++] as number;
      at = next;
    }
    if (length > 0) this.#lines.push(out.subarray(0, length));
  }

  /** Takes a byte behind what was kept from before. @returns the length of what is to be given on */
  #resume(c: number, before: number): number {
    const out = scratch;
    let length = before;
    if (this.#afterCr) {
      this.#afterCr = false;
      if (c !== lineFeed && this.#afterBlank) out[length++] = space;
      this.#afterBlank = false;
      out[length++] = carriageReturn;
      if (c === lineFeed) {
        out[length++] = lineFeed;
        return length;
      }
    }
    if (c === space || c === tab) this.#afterBlank = true;
    else if (c === carriageReturn) this.#afterCr = true;
    else {
      if (this.#afterBlank) out[length++] = space;
      this.#afterBlank = false;
      out[length++] = c;
    }
    return length;
  }

  finish(): void {
    if (this.#afterCr) this.#lines.push(Buffer.from(this.#afterBlank ? ' \r' : '\r'));
    this.#lines.finish(false);
  }
}

/** Is every blank in it one SP between other bytes? So it is with most bodies, and with all that are base64; looking is ten times as fast as copying. */
function isRelaxed(bytes: Uint8Array): boolean {
  const last = bytes.at(-1);
  if (last === space || last === carriageReturn) return false;
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return !buffer.includes(tab) && !buffer.includes('  ') && !buffer.includes(' \r');
}

/** Holds back line ends until something follows them, so that those at the end of the body are left out. */
export class TrailingLines {
  readonly #take: TakeBytes;
  #lineEnds = 0;
  #afterCr = false;
  #isEmpty = true;

  constructor(take: TakeBytes) {
    this.#take = take;
  }

  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    let start = 0;
    if (this.#afterCr) {
      this.#afterCr = false;
      if (bytes[0] === lineFeed) {
        this.#lineEnds++;
        start = 1;
      } else this.#giveCr();
    }
    let end = bytes.length;
    let lineEnds = 0;
    if (end > start && bytes[end - 1] === carriageReturn) {
      this.#afterCr = true;
      end--;
    }
    while (end - start >= 2 && bytes[end - 1] === lineFeed && bytes[end - 2] === carriageReturn) {
      lineEnds++;
      end -= 2;
    }
    if (end > start) {
      this.#giveLineEnds();
      this.#isEmpty = false;
      this.#take(bytes.subarray(start, end));
    }
    this.#lineEnds += lineEnds;
  }

  /** @param isEndedAlways - whether a body without any line gets a line end, too */
  finish(isEndedAlways: boolean): void {
    if (this.#afterCr) this.#giveCr();
    if (isEndedAlways || !this.#isEmpty) this.#take(lineEnd);
  }

  #giveCr(): void {
    this.#giveLineEnds();
    this.#isEmpty = false;
    this.#take(loneCr);
  }

  #giveLineEnds(): void {
    for (; this.#lineEnds >= manyLineEnds; this.#lineEnds -= manyLineEnds) this.#take(lineEnds);
    if (this.#lineEnds > 0) this.#take(lineEnds.subarray(0, this.#lineEnds * 2));
    this.#lineEnds = 0;
  }
}

/**
 * Where relaxed bodies are put together, for all of them: what is in it is taken before the call returns, and a buffer for each message
 * would cost more than the work in it. What was kept from before is a blank and a CR at most.
 */
const mostAtOnce = 64 * 1024;
const scratch = Buffer.allocUnsafeSlow(mostAtOnce + 2);
const manyLineEnds = 512;
const lineEnds = Buffer.alloc(manyLineEnds * 2, '\r\n');
const lineEnd = lineEnds.subarray(0, 2);
const loneCr = Buffer.from('\r');
