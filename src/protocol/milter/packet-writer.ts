// Gathers packets for a milter, so that several leave in one write.

import type { MilterClient } from './milter-events.ts';

const headBytes = 5;

const nul = Buffer.alloc(1);

/** A text with the NUL that ends it; a NUL within would end it early, and is left out. */
export function cString(text: string): Buffer {
  return Buffer.from(`${text.includes('\0') ? text.replaceAll('\0', '') : text}\0`);
}

/** Bytes with the NUL that ends them. */
export function cBytes(bytes: Uint8Array): Buffer {
  return Buffer.concat([bytes.includes(0) ? bytes.filter((byte) => byte !== 0) : bytes, nul]);
}

/** Where a client comes from. */
export function connectPayload({ name, address }: MilterClient): Uint8Array[] {
  if (address === undefined) return [cString(name), Buffer.from('U')];
  const port = Buffer.alloc(2);
  if (address.family !== 'L') port.writeUInt16BE(address.port);
  const where = address.family === 'L' ? address.path : address.address;
  return [cString(name), Buffer.from(address.family), port, cString(where)];
}

/** A path without brackets, and the parameters of its command. */
export function pathPayload(path: string, parameters: readonly string[]): Uint8Array[] {
  return [cString(`<${path}>`), ...parameters.map(cString)];
}

export class PacketWriter {
  #pieces: Uint8Array[] = [];
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  packet(letter: string, ...payload: readonly Uint8Array[]): void {
    let length = 1;
    for (const part of payload) length += part.length;
    const head = Buffer.allocUnsafe(headBytes);
    head.writeUInt32BE(length, 0);
    head[4] = letter.charCodeAt(0);
    this.#pieces.push(head, ...payload);
    this.#bytes += length + 4;
  }

  /** Removes and returns what was gathered. */
  take(): Uint8Array[] {
    const pieces = this.#pieces;
    this.#pieces = [];
    this.#bytes = 0;
    return pieces;
  }
}
