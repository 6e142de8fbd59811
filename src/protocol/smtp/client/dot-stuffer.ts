// Dot-stuffing (RFC 5321 4.5.2, "Transparency"): a line of content that begins with a dot gets another one, and CRLF.CRLF ends the
// content. Pieces may be cut anywhere and are not copied: a doubled dot is one byte that two neighbouring views share.

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const dot = 0x2e;
const lfDot = Buffer.from('\n.');
const endAfterCrlf = Buffer.from('.\r\n');
const end = Buffer.from('\r\n.\r\n');

/** Dot-stuffs one content, piece by piece. Content has CRLF line ends; after a bare LF a dot is doubled as well. */
export class DotStuffer {
  #previous = lineFeed;
  #endsWithCrlf = true;

  /** The piece as it is sent: `[piece]` itself when no line in it begins with a dot, else views of it. */
  dotStuff(piece: Uint8Array): Uint8Array[] {
    const { length } = piece;
    const last = piece[length - 1];
    if (last === undefined) return [];
    const bytes = Buffer.from(piece.buffer, piece.byteOffset, length);
    const cutAtStart = this.#previous === lineFeed && piece[0] === dot;
    let found = bytes.indexOf(lfDot);
    this.#endsWithCrlf =
      last === lineFeed && (length > 1 ? piece[length - 2] : this.#previous) === carriageReturn;
    this.#previous = last;
    if (!cutAtStart && found === -1) return [piece];

    const views = cutAtStart ? [piece.subarray(0, 1)] : [];
    let start = 0;
    while (found !== -1) {
      // Up to and including the dot. The next view begins with the same dot.
      views.push(piece.subarray(start, found + 2));
      start = found + 1;
      found = bytes.indexOf(lfDot, start);
    }
    views.push(piece.subarray(start));
    return views;
  }

  /** The end of the content: `.` CRLF, after a CRLF if the content did not end with one (RFC 5321 4.1.1.4). */
  endOfData(): Uint8Array {
    return this.#endsWithCrlf ? endAfterCrlf : end;
  }
}
