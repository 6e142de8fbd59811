// A message as it will leave, for a scanner that wants all of it: with what the stages before have changed, and without our own Received field.
// Milters see the same. Promises: no more of the body than a piece is in memory for it.

import type { ContentFacts } from './stage.ts';

const lineEnd = Buffer.from('\r\n');

export interface LeavingMessage {
  readonly sizeBytes: number;
  /** Its bytes, not dot-stuffed: the header, and then the body in pieces of bounded size. */
  read(): AsyncIterable<Uint8Array>;
}

export function leavingMessage({ header, body }: Pick<ContentFacts, 'header' | 'body'>): LeavingMessage {
  const pieces: Uint8Array[] = header.fields.map(({ bytes }) => bytes);
  const last = pieces.at(-1);
  if (last !== undefined && last.at(-1) !== 0x0a) pieces.push(lineEnd);
  pieces.push(header.strayLines === '' ? lineEnd : Buffer.from(header.strayLines, 'latin1'));
  const head = Buffer.concat(pieces);
  return {
    sizeBytes: head.length + body.sizeBytes,
    async *read() {
      yield head;
      yield* body.read();
    },
  };
}
