// Reads a file or stream line by line, without holding the whole of it in memory.

import { createReadStream } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';

/** Calls `line` for every line, without its end. Rejects when the file cannot be read. */
export async function eachLine(
  source: string | NodeJS.ReadableStream,
  line: (text: string) => void,
): Promise<void> {
  const stream = typeof source === 'string' ? createReadStream(source) : source;
  const decoder = new StringDecoder('utf8');
  let rest = '';
  for await (const piece of stream) {
    const text = rest + (typeof piece === 'string' ? piece : decoder.write(piece));
    let from = 0;
    for (let end = text.indexOf('\n', from); end !== -1; end = text.indexOf('\n', from)) {
      line(text.slice(from, end));
      from = end + 1;
    }
    rest = text.slice(from);
  }
  rest += decoder.end();
  if (rest !== '') line(rest);
}
