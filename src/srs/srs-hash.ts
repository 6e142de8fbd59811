// The hash in an SRS address: the first characters of base64(HMAC-SHA1(secret, what it covers)). What it covers is put into lower case
// first, and hashes are compared without regard to case, because some servers on the way write local parts in lower case.

import { createHmac, timingSafeEqual } from 'node:crypto';

/** @param covered - the parts that it covers, which are joined without anything between them: so does every implementation */
export function srsHash(secret: string, covered: readonly string[], length: number): string {
  const hmac = createHmac('sha1', secret);
  for (const part of covered) hmac.update(lowerAscii(part), 'utf8');
  return hmac.digest('base64').slice(0, length);
}

/**
 * The index of the first secret that has made the hash; -1: none has. It takes the same time for every hash of a length.
 * @param leastLength - shorter hashes are easier to guess
 */
export function findSecret(
  secrets: readonly string[],
  hash: string,
  covered: readonly string[],
  leastLength: number,
): number {
  if (hash.length < leastLength || hash.length > mostLength) return -1;
  const given = Buffer.from(lowerAscii(hash));
  let found = -1;
  for (const [index, secret] of secrets.entries()) {
    const wanted = Buffer.from(lowerAscii(srsHash(secret, covered, hash.length)));
    // Of unequal length when there are characters outside ASCII, which no base64 has.
    const isSame = given.length === wanted.length && timingSafeEqual(given, wanted);
    if (isSame && found === -1) found = index;
  }
  return found;
}

/** The 20 bytes of SHA-1 have 27 characters of base64, without the `=` that fills them up and would end the hash. */
const mostLength = 27;

/** Of letters outside ASCII, others do not change the case, and some would not have the same length. */
export function lowerAscii(text: string): string {
  return text.replaceAll(/[A-Z]+/gu, (letters) => letters.toLowerCase());
}
