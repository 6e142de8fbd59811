// Gathers packets for a milter, so that several leave in one write. They are kept as text with one character for each byte, which costs less than
// a buffer for each macro and each packet; only parts of bodies stay as they are.

import { Buffer } from 'node:buffer';
import type { MilterClient } from './milter-events.ts';

/** Bytes of the length and the letter of a packet. */
const headBytes = 5;

/** A packet of up to this size is copied into the text. */
const smallBytes = 1024;

const ascii = /^[\x01-\x7f]*$/;

/** A text with the NUL that ends it, one character for each byte; a NUL within would end it early, and is left out. */
export function cString(text: string): string {
  return `${ascii.test(text) ? text : Buffer.from(text.replaceAll('\0', '')).toString('latin1')}\0`;
}

/** The same for text that has one character for each byte already. */
export function cBytes(bytes: string): string {
  return `${bytes.includes('\0') ? bytes.replaceAll('\0', '') : bytes}\0`;
}

/** Where a client comes from. */
export function connectPayload({ name, address }: MilterClient): string {
  if (address === undefined) return `${cString(name)}U`;
  const port = address.family === 'L' ? 0 : address.port;
  const where = address.family === 'L' ? address.path : address.address;
  return `${cString(name)}${address.family}${uint16(port)}${cString(where)}`;
}

/** A path without brackets, and the parameters of its command. */
export function pathPayload(path: string, parameters: readonly string[]): string {
  let payload = cString(`<${path}>`);
  for (const parameter of parameters) payload += cString(parameter);
  return payload;
}

export class PacketWriter {
  #pieces: Uint8Array[] = [];
  /** What was gathered behind them. */
  #text = '';
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  /** @param payload - bytes, or text with one character for each byte */
  packet(letter: string, payload: string | Uint8Array = ''): void {
    const { length } = payload;
    this.#text += uint16((length + 1) >>> 16) + uint16((length + 1) & 0xffff) + letter;
    this.#bytes += headBytes + length;
    if (typeof payload === 'string') this.#text += payload;
    else if (length <= smallBytes) this.#text += latin1(payload);
    else {
      this.#endText();
      this.#pieces.push(payload);
    }
  }

  /** Removes and returns what was gathered. */
  take(): Uint8Array[] {
    this.#endText();
    const pieces = this.#pieces;
    this.#pieces = [];
    this.#bytes = 0;
    return pieces;
  }

  #endText(): void {
    if (this.#text === '') return;
    this.#pieces.push(Buffer.from(this.#text, 'latin1'));
    this.#text = '';
  }
}

function uint16(value: number): string {
  return String.fromCharCode(value >>> 8, value & 0xff);
}

function latin1({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('latin1');
}
