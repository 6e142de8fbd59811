// crypt(3) by MD5, `$1$` (FreeBSD 2.0, Poul-Henning Kamp), and Apache's `$apr1$`, which differs in the magic text only. It is weak:
// it is here for accounts that are taken over from older servers.

import { hash } from 'node:crypto';
import { cryptBase64 } from '../crypt-base64.ts';

const rounds = 1000;
const digestBytes = 16;
/** The order in which bytes of the digest are written. */
const places = [0, 6, 12, 1, 7, 13, 2, 8, 14, 3, 9, 15, 4, 10, 5, 11];

/** @returns the text behind the salt */
export function md5Crypt(magic: string, salt: string, password: Buffer): string {
  const saltBytes = Buffer.from(salt, 'latin1');
  const inner = md5(password, saltBytes, password);
  const start = [password, Buffer.from(magic, 'latin1'), saltBytes];
  for (let left = password.length; left > 0; left -= digestBytes)
    start.push(inner.subarray(0, Math.min(left, digestBytes)));
  // A mistake of the first implementation that became the format: a zero byte, or the first byte of the password.
  for (let bits = password.length; bits > 0; bits >>>= 1)
    start.push((bits & 1) === 1 ? Buffer.alloc(1) : password.subarray(0, 1));
  let digest = md5(...start);
  for (let round = 0; round < rounds; round++) {
    const isOdd = round % 2 === 1;
    const parts = [isOdd ? password : digest];
    if (round % 3 !== 0) parts.push(saltBytes);
    if (round % 7 !== 0) parts.push(password);
    parts.push(isOdd ? digest : password);
    digest = md5(...parts);
  }
  return cryptBase64(digest, places);
}

function md5(...parts: readonly Buffer[]): Buffer {
  return hash('md5', Buffer.concat(parts), 'buffer');
}
