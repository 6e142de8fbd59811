// A message with the line ends of files: LF instead of CRLF. A CR that belongs to no LF stays.

const carriageReturn = 0x0d;
const lf = Buffer.from('\n');
const cr = Buffer.from('\r');

/** @param pieces - cut anywhere */
export async function* unixLines(
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<Buffer, void> {
  // The last byte of a piece may be the CR of a CRLF.
  let hasCr = false;
  for await (const piece of pieces) {
    if (piece.length === 0) continue;
    const bytes = Buffer.from(piece.buffer, piece.byteOffset, piece.length);
    if (hasCr && bytes[0] !== lf[0]) yield cr;
    hasCr = bytes[bytes.length - 1] === carriageReturn;
    const text = (hasCr ? bytes.subarray(0, -1) : bytes).toString('latin1');
    if (text !== '') yield Buffer.from(text.replaceAll('\r\n', '\n'), 'latin1');
  }
  if (hasCr) yield cr;
}

/** A whole message with the line ends of files. */
export function unixText(content: Uint8Array): Buffer {
  const { buffer, byteOffset, length } = content;
  const text = Buffer.from(buffer, byteOffset, length).toString('latin1');
  return Buffer.from(text.replaceAll('\r\n', '\n'), 'latin1');
}
