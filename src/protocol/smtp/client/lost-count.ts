// Recognizes replies with which a server says that it does not know where it is, and not what it thinks of the message. Between
// pipelined transactions they are the fault of the pipelining: they must never become a bounce.

import type { RemoteReply } from './client-types.ts';

/** RFC 5321 4.2.3: commands that are unknown, not implemented, or out of sequence. */
const codes: ReadonlySet<number> = new Set([500, 502, 503, 504]);
/** RFC 3463 3.6, X.5: the protocol was not kept. */
const protocolStatus = /^5\.5\./;
const words = /synchroni[sz]ation|pipelin/i;

export function saysLostCount({ code, enhanced, lines }: RemoteReply): boolean {
  if (code < 500) return false;
  if (enhanced !== '') return protocolStatus.test(enhanced);
  return codes.has(code) || lines.some((line) => words.test(line));
}

/**
 * A server that answers out of order (against RFC 2920 3.2) must not pass for one that took the message: 2.1.0 and 2.1.5 are what
 * servers say to MAIL and RCPT (RFC 3463 3.2, X.1: addresses), and 221 to QUIT.
 */
export function isOfCommand({ code, enhanced }: Pick<RemoteReply, 'code' | 'enhanced'>): boolean {
  return code === 221 || enhanced.startsWith('2.1.');
}
