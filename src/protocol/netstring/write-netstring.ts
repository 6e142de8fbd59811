// Writes netstrings (D. J. Bernstein, "Netstrings", 1997-02-01): the length in digits, a colon, that many bytes, and a comma.

import { Buffer } from 'node:buffer';

/** What comes before the bytes of a netstring, when they are not at hand yet. @param lengthBytes - of them */
export function netstringHead(lengthBytes: number): Buffer {
  return Buffer.from(`${lengthBytes}:`, 'latin1');
}

/** The comma at the end. */
export const netstringEnd: Uint8Array = Uint8Array.of(0x2c);

/** @param content - a text is written as UTF-8 */
export function netstring(content: Uint8Array | string): Buffer {
  const bytes = typeof content === 'string' ? Buffer.from(content, 'utf8') : content;
  return Buffer.concat([netstringHead(bytes.length), bytes, netstringEnd]);
}

/** The length of a whole netstring with so many bytes in it. */
export function netstringLength(contentBytes: number): number {
  return String(contentBytes).length + 1 + contentBytes + 1;
}
