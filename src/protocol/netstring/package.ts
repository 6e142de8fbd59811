// A message with its envelope as QMQP and QMTP have it: the content first, then the sender, then the recipients.

import type { Buffer } from 'node:buffer';

/** What a client sends beside the content. */
export interface OutgoingPackage {
  /** The size of the content in the form in which it is sent, in bytes: it is said before the first of them. */
  readonly contentBytes: number;
  /** Empty for the null path. */
  readonly reversePath: string;
  /** One at least. */
  readonly recipients: readonly string[];
}

/** What stands around the content. */
export interface Frame {
  readonly head: Buffer;
  readonly tail: Buffer;
}

/** The longest address that is kept, in bytes: RFC 5321 4.5.3.1.3 allows 256, and some are longer. */
export const mostAddressBytes = 1_024;

/**
 * An address as it came; undefined for one that no path can have: too long, with a control character, or not UTF-8.
 * @param isWhole - whether the bytes are all of it
 */
export function packageAddress(bytes: Buffer, isWhole: boolean): string | undefined {
  if (!isWhole) return undefined;
  const text = bytes.toString('utf8');
  return /[\x00-\x1f\x7f\ufffd]/u.test(text) ? undefined : text;
}
