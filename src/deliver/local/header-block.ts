// Fields of a message that local ways look at, before anything is done with it.

import { headerFields } from '../../message/header-fields.ts';
import type { StoredMessage } from '../../spool/types.ts';

/** A header that is longer is not looked at to its end. */
const mostBytes = 1024 * 1024;

/** The beginning of a message, with its header as far as that has `mostBytes`. @throws {SpoolError} */
export async function beginningOf(message: StoredMessage): Promise<Buffer> {
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

/** Where a message has been: what tells of a loop. */
export interface PassedPlaces {
  /** Has it been delivered to this address before (Delivered-To)? */
  includes(address: string): boolean;
  /** All of these addresses, in lower case. */
  readonly addresses: ReadonlySet<string>;
  /** Number of Received and Delivered-To fields (RFC 5321 6.3). */
  readonly hops: number;
}

/** @throws {SpoolError} */
export async function passedPlaces(message: StoredMessage): Promise<PassedPlaces> {
  const beginning = await beginningOf(message);
  const addresses = new Set<string>();
  let hops = 0;
  for (const { name, valueStart, end } of headerFields(beginning)) {
    if (name !== 'delivered-to' && name !== 'received') continue;
    hops++;
    if (name === 'delivered-to')
      addresses.add(beginning.toString('utf8', valueStart, end).trim().toLowerCase());
  }
  return { hops, addresses, includes: (address) => addresses.has(address.toLowerCase()) };
}
