// How a client of QMQP (D. J. Bernstein, "Quick Mail Queueing Protocol") frames a message: one netstring with the netstrings of content,
// sender and recipients in it. The server answers once, and closes.

import { Buffer } from 'node:buffer';
import type { PackageDialect } from '../netstring/client-session.ts';
import type { Frame, OutgoingPackage } from '../netstring/package.ts';
import { netstring, netstringEnd, netstringHead, netstringLength } from '../netstring/write-netstring.ts';

export const qmqp: PackageDialect = {
  name: 'QMQP',
  answersEachRecipient: false,
  lineEnds: 'LF',
  isReusable: false,
  frame: frameOf,
};

/** Lines of the content end with LF. */
function frameOf({ contentBytes, reversePath, recipients }: OutgoingPackage): Frame {
  const envelope = Buffer.concat([netstring(reversePath), ...recipients.map((each) => netstring(each))]);
  const head = [netstringHead(netstringLength(contentBytes) + envelope.length), netstringHead(contentBytes)];
  return { head: Buffer.concat(head), tail: Buffer.concat([netstringEnd, envelope, netstringEnd]) };
}
