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
