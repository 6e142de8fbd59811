// Keeps the header of a message apart from its body while it arrives, for stages that look at it or change it. Promises: header and
// body together are what the client sent, however it was cut into pieces; the header is bounded.

import { EditableHeader } from '../message/editable-header.ts';
import { BodyFollowers } from './body-followers.ts';

const lineFeed = 0x0a;

/** The largest header that stages are shown. It is a part of the record's prefix, which is bounded, too. */
export const maxExaminedHeaderBytes = 512 * 1024;

export class ExaminedHeader {
  /** Stages that look at the body while it comes. */
  readonly followers = new BodyFollowers();
  #pieces: Uint8Array[] = [];
  #bytes = 0;
  #header: EditableHeader | undefined;

  /** The header; undefined until it is complete. */
  get header(): EditableHeader | undefined {
    return this.#header;
  }

  get isTooLarge(): boolean {
    return this.#bytes > maxExaminedHeaderBytes;
  }

  /**
   * Takes the next piece of the content, until the header is complete.
   * @param headerBytes - the number of bytes before the empty line, as far as it has come; -1 before
   * @returns the part of it that belongs to the body
   */
  take(piece: Uint8Array, headerBytes: number): Uint8Array | undefined {
    this.#pieces.push(piece);
    this.#bytes += piece.length;
    if (headerBytes < 0) return undefined;
    const all = Buffer.concat(this.#pieces, this.#bytes);
    const end = all.indexOf(lineFeed, headerBytes) + 1;
    this.#complete(all.subarray(0, end));
    return end < all.length ? all.subarray(end) : undefined;
  }

  /** The content has ended. Without an empty line, all of it is header. */
  end(): void {
    if (this.#header === undefined) this.#complete(Buffer.concat(this.#pieces, this.#bytes));
  }

  #complete(header: Buffer): void {
    this.#pieces = [];
    this.#bytes = header.length;
    this.#header = new EditableHeader(header);
  }
}
