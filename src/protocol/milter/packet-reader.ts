// Cuts what a milter sends into packets: a length of four bytes, a letter, a payload. Promises: whatever arrives, no more than one
// packet of bounded size is kept.

/** The largest packet that is taken. libmilter sends up to 64 KiB; others send a whole header field or a large piece of a body. */
export const maxPacketBytes = 1024 * 1024;

const lengthBytes = 4;

export interface Packet {
  /** One character. */
  readonly letter: string;
  readonly payload: Buffer;
}

export class PacketReader {
  /** What has come of packets that are not complete. */
  #pieces: Buffer[] = [];
  #bytes = 0;
  /** Bytes that are needed before the next packet can be read. */
  #wanted = lengthBytes;

  /** Bytes that were not returned yet. */
  get bytes(): number {
    return this.#bytes;
  }

  push(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#pieces.push(bytes);
    this.#bytes += bytes.length;
  }

  /** @returns undefined when more has to arrive; `malformed` when no packet can begin like this, for good */
  next(): Packet | 'malformed' | undefined {
    if (this.#bytes < this.#wanted) return undefined;
    const all = this.#joined();
    const length = all.readUInt32BE(0);
    if (length < 1 || length > maxPacketBytes) return 'malformed';
    const end = lengthBytes + length;
    if (all.length < end) {
      this.#wanted = end;
      return undefined;
    }
    this.#wanted = lengthBytes;
    this.#pieces = end === all.length ? [] : [all.subarray(end)];
    this.#bytes = all.length - end;
    return {
      letter: String.fromCharCode(all[lengthBytes] as number),
      payload: all.subarray(lengthBytes + 1, end),
    };
  }

  #joined(): Buffer {
    const all = this.#pieces.length === 1 ? (this.#pieces[0] as Buffer) : Buffer.concat(this.#pieces);
    this.#pieces = [all];
    return all;
  }
}
