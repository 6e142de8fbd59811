// What the time of a log-in of an unknown user is made of, until a real user's hash was seen: a hash as new passwords have it.

import { parseHash } from '../password/parse-hash.ts';
import type { ParsedHash } from '../password/parsed-hash.ts';

const text =
  '$argon2id$v=19$m=65536,t=3,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA';

export function usualHash(): ParsedHash {
  const read = parseHash(text);
  if (read.kind !== 'hash') throw new Error('the usual hash is not read');
  return read.hash;
}
