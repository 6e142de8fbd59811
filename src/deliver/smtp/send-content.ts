// The content of one message on its way to a server: by DATA dot-stuffed (RFC 5321 4.5.2), or as one chunk as it is (RFC 3030 2). What is in
// memory goes at once, and leaves with the commands around it; all else piece by piece, as fast as the server takes it.

import { DotStuffer } from '../../protocol/smtp/client/dot-stuffer.ts';
import type { StoredMessage } from '../../spool/types.ts';
import { namesRecipients } from './names-recipients.ts';
import type { Wire } from './wire.ts';

/** Larger content goes by DATA, also where CHUNKING is offered: some servers hang on large chunks, and it takes no more round trips. */
const mostChunkBytes = 64 * 1024;
/** What a server near by reads at once: Postfix 4 KiB. More of it, and it answers in parts. */
const mostNearBytes = 4096;
/** About the bytes of a command. */
const commandBytes = 100;
const crlf = Buffer.from('\r\n');

/**
 * Sends the content and the final dot: adds it to the wire, or writes it piece by piece.
 *
 * @param onTaken - called for each piece that the server took
 * @returns undefined when all was added; else a promise: true when all was written, false when the socket closed
 * @throws {SpoolError} through the promise, when the content cannot be read to its end
 */
export function sendContent(
  wire: Wire,
  message: StoredMessage,
  onTaken: () => void,
): Promise<boolean> | undefined {
  const stuffer = new DotStuffer();
  const { content } = message;
  if (content === undefined) return streamContent(wire, message, stuffer, onTaken);
  wire.add(stuffer.dotStuff(content));
  wire.add([stuffer.endOfData()]);
  return undefined;
}

async function streamContent(
  wire: Wire,
  message: StoredMessage,
  stuffer: DotStuffer,
  onTaken: () => void,
): Promise<boolean> {
  wire.flush();
  const { socket } = wire;
  for await (const piece of message.stream()) {
    if (socket.isGone) return false;
    // Each line that begins with a dot ends a part: alone, it would be a segment, and a record of TLS.
    if (!socket.writeTogether([...stuffer.dotStuff(piece)])) await socket.drained();
    if (socket.isGone) return false;
    onTaken();
  }
  if (socket.isGone) return false;
  wire.add([stuffer.endOfData()]);
  return true;
}

/**
 * Bytes of the content as one chunk of BDAT; undefined when it goes by DATA.
 * @param recipients - number of RCPT commands before it
 * @param wire - to a server near by, what is held there leaves in the same write
 */
export function chunkBytes({ content }: StoredMessage, recipients: number, wire: Wire): number | undefined {
  if (content === undefined) return undefined;
  const leastBytes = wire.heldBytes + content.length + commandBytes * (recipients + 3);
  if (content.length > mostChunkBytes || (!wire.isFar && leastBytes > mostNearBytes)) return undefined;
  if (namesRecipients(content)) return undefined;
  return content.length + (endsWithCrlf(content) ? 0 : crlf.length);
}

/** Adds the content as one chunk. Like after DATA, it ends with a line end. */
export function addChunk(wire: Wire, { content }: StoredMessage): void {
  if (content !== undefined) wire.add(endsWithCrlf(content) ? [content] : [content, crlf]);
}

function endsWithCrlf(content: Uint8Array): boolean {
  return content.length === 0 || (content.at(-1) === 0x0a && content.at(-2) === 0x0d);
}
