// A message as it stands in an mbox of the kind mboxrd: each line that begins with `From `, or with that behind any number of `>`, gets one more
// `>`, so that every reader finds the beginning of the next message, and can have the lines back as they were. A blank line ends it.
// Promise: where the message is cut into pieces makes no difference, or its sender could choose the cut so that a line is not quoted.

/** What may become `From ` with the next piece, behind the `>` of a line that has nothing else so far. */
const begun = /^>*(F|Fr|Fro|From)?$/;

/** @param isAtStart - `text` continues a line that has only `>` so far */
function quoted(text: string, isAtStart: boolean): string {
  // Not with the flag m, for which a lone CR begins a line, too. Behind a LF, no line is quoted twice.
  const later = text.replaceAll(/\n(>*From )/g, '\n>$1');
  return isAtStart ? later.replace(/^(>*From )/, '>$1') : later;
}

/** @param pieces - with LF as line ends, cut anywhere */
export async function* mboxLines(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void> {
  let held = '';
  // A line that has only `>` so far may be cut behind them: one more of them stands as well in front of `From ` as in front of all.
  let isAtStart = true;
  let last = '\n';
  for await (const piece of pieces) {
    const text = held + piece.toString('latin1');
    const lineStart = text.lastIndexOf('\n') + 1;
    const tail: RegExpExecArray | null =
      lineStart > 0 || isAtStart ? begun.exec(text.slice(lineStart)) : null;
    held = tail?.[1] ?? '';
    const part = text.slice(0, text.length - held.length);
    if (part !== '') yield Buffer.from(quoted(part, isAtStart), 'latin1');
    isAtStart = tail !== null;
    last = text.at(-1) ?? last;
  }
  if (held !== '') yield Buffer.from(held, 'latin1');
  yield Buffer.from(last === '\n' ? '\n' : '\n\n');
}
