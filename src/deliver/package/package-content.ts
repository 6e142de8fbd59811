// The content of a message in the form of QMQP or QMTP. Its size stands before its first byte, so content that is read piece by piece is read
// twice where its line ends change: memory is bounded by one piece. Promise: never more or less than was said is taken for a whole message.

import { LineFeedForm, LineFeedSize } from '../../protocol/netstring/line-form.ts';
import type { PackageDialect } from '../../protocol/netstring/client-session.ts';
import type { StoredMessage } from '../../spool/types.ts';
import type { OutgoingSocket } from '../smtp/outgoing-socket.ts';

type LineEnds = PackageDialect['lineEnds'];

/** Content that is in memory, in the form of the protocol; undefined for what is streamed. */
export function contentInMemory({ content }: StoredMessage, lineEnds: LineEnds): Uint8Array | undefined {
  if (content === undefined || lineEnds === 'CRLF') return content;
  const form = new LineFeedForm();
  return Buffer.concat([form.convert(content), form.finish()]);
}

/**
 * The bytes of streamed content in the form of the protocol.
 * @param onRead - called for each piece; returns false to stop
 * @throws {SpoolError} through the promise, when the content cannot be read to its end
 */
export async function contentSize(
  message: StoredMessage,
  lineEnds: LineEnds,
  onRead: () => boolean,
): Promise<number> {
  if (lineEnds === 'CRLF') return message.sizeBytes;
  const size = new LineFeedSize();
  for await (const piece of message.stream()) {
    if (!onRead()) break;
    size.add(piece);
  }
  return size.bytes;
}

/**
 * Writes streamed content, as fast as the server takes it.
 *
 * @param sizeBytes - that were said before
 * @param onTaken - called for each piece that the server took; returns false to stop
 * @returns true when all was written; false when it was stopped, or the socket closed
 * @throws {Error} through the promise, when the content cannot be read to its end, or has another size
 */
export async function writeContent(
  socket: OutgoingSocket,
  message: StoredMessage,
  lineEnds: LineEnds,
  sizeBytes: number,
  onTaken: () => boolean,
): Promise<boolean> {
  const form = lineEnds === 'LF' ? new LineFeedForm() : undefined;
  let leftBytes = sizeBytes;
  for await (const piece of message.stream()) {
    const bytes = form === undefined ? piece : form.convert(piece);
    leftBytes -= bytes.length;
    if (leftBytes < 0) break;
    if (socket.isGone) return false;
    if (!socket.write(bytes)) await socket.drained();
    if (socket.isGone || !onTaken()) return false;
  }
  const rest = form?.finish() ?? new Uint8Array();
  leftBytes -= rest.length;
  if (leftBytes !== 0) throw new Error(`the message has not the ${sizeBytes} bytes that it had before`);
  if (rest.length > 0) socket.write(rest);
  return true;
}
