// The command INSTREAM of clamd (clamd(8), "z" form): a message goes out in chunks, each behind its length, and one reply comes back. Promises: a
// reply is bounded, and whatever is none of those that clamd gives is told apart from "clean".

import { withoutLineEnds } from '../../values/line-ends.ts';

/** Begins the scan. The reply ends with NUL, too. */
export const instreamCommand: Uint8Array = Buffer.from('zINSTREAM\0', 'latin1');

/** A chunk without bytes ends the message. */
export const endOfStream: Uint8Array = Buffer.alloc(4);

/** The longest chunk that is sent: clamd takes up to 4 GiB, and refuses one that is larger than its StreamMaxLength before it has read it. */
export const mostChunkBytes = 128 * 1024;

/** What is longer is no reply of clamd. */
export const mostReplyBytes = 4096;

export type ClamdReply =
  | { readonly kind: 'clean' }
  /** @param name - of the signature: printable ASCII */
  | { readonly kind: 'virus'; readonly name: string }
  /** The message is larger than StreamMaxLength. */
  | { readonly kind: 'too-large' }
  /** It could not scan, or what it has said is no reply. @param why - a clause */
  | { readonly kind: 'failed'; readonly why: string };

/** The length that stands before a chunk: 4 bytes, the highest first. */
export function chunkLength(bytes: number): Uint8Array {
  const length = Buffer.allocUnsafe(4);
  length.writeUInt32BE(bytes, 0);
  return length;
}

/** `stream` in all versions; some name the client as well. */
const ofStream = /^(?:in)?stream(?:\([^()]{0,200}\))?: (.*)$/u;

/** Reads a reply as it arrives, however it is cut. */
export class ClamdReplyReader {
  #text = '';
  #reply: ClamdReply | undefined;

  /** Undefined until it is whole. With more behind it, nobody knows which reply counts: that is a failure. */
  get reply(): ClamdReply | undefined {
    return this.#reply;
  }

  receive(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    if (this.#reply !== undefined) {
      this.#follows();
      return;
    }
    const end = bytes.indexOf(0);
    const room = mostReplyBytes - this.#text.length;
    const taken = bytes.subarray(0, end === -1 ? undefined : end);
    if (taken.length > room) this.#reply = { kind: 'failed', why: 'its reply is too long' };
    else {
      this.#text += Buffer.from(taken.buffer, taken.byteOffset, taken.byteLength).toString('latin1');
      if (end === -1) return;
      this.#reply = replyOf(this.#text);
      if (end + 1 < bytes.length) this.#follows();
    }
  }

  #follows(): void {
    if (this.#reply?.kind !== 'failed') this.#reply = { kind: 'failed', why: 'it gave more than one reply' };
  }
}

function replyOf(line: string): ClamdReply {
  const text = withoutLineEnds(line);
  if (text === 'INSTREAM size limit exceeded. ERROR') return { kind: 'too-large' };
  if (text.endsWith(' ERROR')) return { kind: 'failed', why: `it said: ${printable(text)}` };
  const found = ofStream.exec(text)?.[1];
  if (found === 'OK') return { kind: 'clean' };
  if (found?.endsWith(' FOUND') === true && found.length > ' FOUND'.length)
    return { kind: 'virus', name: printable(found.slice(0, -' FOUND'.length)) };
  return { kind: 'failed', why: `it said what is no reply: ${printable(text)}` };
}

function printable(text: string): string {
  return text.slice(0, 200).replaceAll(/[^\x20-\x7e]/gu, '?');
}
