// How a client of QMTP (D. J. Bernstein, "Quick Mail Transfer Protocol") frames a message: a netstring with the content, whose first byte says
// how lines end, one with the sender, and one with the netstrings of the recipients in it. Each recipient has an answer.

import { Buffer } from 'node:buffer';
import type { PackageDialect } from '../netstring/client-session.ts';
import type { Frame, OutgoingPackage } from '../netstring/package.ts';
import { netstring, netstringEnd, netstringHead } from '../netstring/write-netstring.ts';

export const qmtp: PackageDialect = {
  name: 'QMTP',
  answersEachRecipient: true,
  lineEnds: 'CRLF',
  isReusable: true,
  frame: frameOf,
};

/** Says that lines end with CRLF, as those of our content do. */
const linesEndWithCrlf = Uint8Array.of(0x0d);

function frameOf({ contentBytes, reversePath, recipients }: OutgoingPackage): Frame {
  const list = Buffer.concat(recipients.map((each) => netstring(each)));
  return {
    head: Buffer.concat([netstringHead(contentBytes + 1), linesEndWithCrlf]),
    tail: Buffer.concat([netstringEnd, netstring(reversePath), netstring(list)]),
  };
}
