// The content of one message on its way to a server, dot-stuffed (RFC 5321 4.5.2): at once when it is in memory, else piece
// by piece as fast as the server takes it.

import { DotStuffer } from '../../protocol/smtp/client/dot-stuffer.ts';
import type { StoredMessage } from '../../spool/types.ts';
import type { OutgoingSocket } from './outgoing-socket.ts';

/** Content up to this size is copied into one buffer with its final dot: one small copy is cheaper than a writev. */
const oneWriteBytes = 16 * 1024;

/**
 * Sends the content and the final dot.
 *
 * @param onTaken - called for each piece that the server took
 * @returns undefined when all was written at once; else a promise: true when all was written, false when the socket closed
 * @throws {SpoolError} through the promise, when the content cannot be read to its end
 */
export function sendContent(
  socket: OutgoingSocket,
  message: StoredMessage,
  onTaken: () => void,
): Promise<boolean> | undefined {
  const stuffer = new DotStuffer();
  const { content } = message;
  if (content === undefined) return streamContent(socket, message, stuffer, onTaken);
  const pieces = [...stuffer.dotStuff(content), stuffer.endOfData()];
  if (content.length <= oneWriteBytes) socket.write(Buffer.concat(pieces));
  else socket.writeTogether(pieces);
  return undefined;
}

async function streamContent(
  socket: OutgoingSocket,
  message: StoredMessage,
  stuffer: DotStuffer,
  onTaken: () => void,
): Promise<boolean> {
  for await (const piece of message.stream()) {
    if (socket.isGone) return false;
    // Each line that begins with a dot ends a part: alone, it would be a segment, and a record of TLS.
    if (!socket.writeTogether([...stuffer.dotStuff(piece)])) await socket.drained();
    if (socket.isGone) return false;
    onTaken();
  }
  if (socket.isGone) return false;
  socket.write(stuffer.endOfData());
  return true;
}
