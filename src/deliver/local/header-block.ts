// Fields of a message that local ways look at, before anything is done with it.

import { headerFields } from '../../message/header-fields.ts';
import type { StoredMessage } from '../../spool/types.ts';

/** A header that is longer is not looked at to its end. */
const mostBytes = 1024 * 1024;

/** The beginning of a message, with its header as far as that has `mostBytes`. @throws {SpoolError} */
async function beginningOf(message: StoredMessage): Promise<Buffer> {
  if (message.content !== undefined) return Buffer.from(message.content);
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of message.stream()) {
    pieces.push(piece);
    size += piece.length;
    if (size >= mostBytes || Buffer.concat(pieces).includes('\r\n\r\n')) break;
  }
  return Buffer.concat(pieces);
}

/** Has the message been delivered to this address before? Then it goes round in a loop. @throws {SpoolError} */
export async function wasDeliveredTo(message: StoredMessage, address: string): Promise<boolean> {
  const beginning = await beginningOf(message);
  const wanted = address.toLowerCase();
  for (const { name, valueStart, end } of headerFields(beginning)) {
    if (name !== 'delivered-to') continue;
    if (beginning.toString('utf8', valueStart, end).trim().toLowerCase() === wanted) return true;
  }
  return false;
}
