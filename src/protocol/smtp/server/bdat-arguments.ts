// The arguments of BDAT (RFC 3030 2).

import type { Chunk } from './transaction.ts';

const argumentsPattern = /^ +([0-9]{1,15})( +LAST)? *$/i;

/** Reads ` size [LAST]`; undefined for any other text. Sizes of up to fifteen digits are exact as a number. */
export function readBdatArguments(text: string): Chunk | undefined {
  const match = argumentsPattern.exec(text);
  if (match === null) return undefined;
  return { octets: Number(match[1]), isLast: match[2] !== undefined };
}
