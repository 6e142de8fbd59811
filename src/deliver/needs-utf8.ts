// Whether the header of a message needs SMTPUTF8. Clients ask for it on every MAIL where it is offered; asked of a next hop
// without it, a message that is all ASCII would be returned for nothing (RFC 6531 3.4: what is not needed is not asked for).

import { Buffer, isAscii } from 'node:buffer';
import type { StoredMessage } from '../spool/types.ts';

/** The line end of the last field, and the empty line. */
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
    // The end of the header may be cut anywhere.
    const bytes = Buffer.concat([tail, piece]);
    const end = bytes.indexOf(headerEnd);
    if (!isAscii(end === -1 ? bytes : bytes.subarray(0, end))) return true;
    if (end !== -1) return false;
    tail = bytes.subarray(1 - headerEnd.length);
  }
  return false;
}
