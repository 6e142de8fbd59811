// A message as it stands in an mbox of the kind mboxrd: each line that begins with `From `, or with that behind any number of `>`, gets one more
// `>`, so that every reader finds the beginning of the next message, and can have the lines back as they were. A blank line ends it.

/** A longer line is written in parts. */
const longestHeld = 64 * 1024;

function quoted(text: string, isAtStart: boolean): string {
  if (isAtStart) return text.replaceAll(/^(>*From )/gm, '>$1');
  const end = text.indexOf('\n') + 1;
  return end === 0 ? text : text.slice(0, end) + quoted(text.slice(end), true);
}

/** @param pieces - with LF as line ends, cut anywhere */
export async function* mboxLines(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void> {
  let held = '';
  let isAtStart = true;
  for await (const piece of pieces) {
    const text = held + piece.toString('latin1');
    const end = text.length > longestHeld ? text.length : text.lastIndexOf('\n') + 1;
    held = text.slice(end);
    if (end === 0) continue;
    const part = text.slice(0, end);
    yield Buffer.from(quoted(part, isAtStart), 'latin1');
    isAtStart = part.endsWith('\n');
  }
  if (held !== '') yield Buffer.from(quoted(held, isAtStart), 'latin1');
  yield Buffer.from(held === '' && isAtStart ? '\n' : '\n\n');
}
