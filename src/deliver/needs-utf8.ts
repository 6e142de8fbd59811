// Finds out whether the header of a message needs SMTPUTF8. Many clients give the parameter on every MAIL where it is
// offered. If Sluice passed it on, a message in plain ASCII would be returned by a next hop without SMTPUTF8 for no reason
// (RFC 6531 3.4: a client should give the parameter only when it is needed).

import { Buffer, isAscii } from 'node:buffer';
import type { StoredMessage } from '../spool/types.ts';

/** The line end of the last header field, and the empty line after it. */
const headerEnd = Buffer.from('\r\n\r\n');

/**
 * Whether the header has octets outside ASCII (RFC 6532 3). The body does not count: that is 8BITMIME's matter (RFC 6152).
 * Answers at once for a message in memory. @throws {SpoolError} when the message cannot be read.
 */
export function headerNeedsUtf8(message: StoredMessage): boolean | Promise<boolean> {
  const { content } = message;
  if (content === undefined) return streamNeedsUtf8(message);
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.length);
  const end = bytes.indexOf(headerEnd);
  return !isAscii(end === -1 ? bytes : bytes.subarray(0, end));
}

async function streamNeedsUtf8(message: StoredMessage): Promise<boolean> {
  let tail = Buffer.alloc(0);
  for await (const piece of message.stream()) {
    // The bytes that end the header may lie in two pieces.
    const bytes = Buffer.concat([tail, piece]);
    const end = bytes.indexOf(headerEnd);
    if (!isAscii(end === -1 ? bytes : bytes.subarray(0, end))) return true;
    if (end !== -1) return false;
    tail = bytes.subarray(1 - headerEnd.length);
  }
  return false;
}
