// crypt(3) by SHA-256 and SHA-512 (Ulrich Drepper, "Unix crypt using SHA-256 and SHA-512", version 0.6). The one package for it,
// unixcrypt, gives another hash for passwords of exactly 32 or 64 bytes.

import { hash } from 'node:crypto';
import { cryptBase64 } from '../crypt-base64.ts';

type Algorithm = 'sha256' | 'sha512';

/** The order in which bytes of the digest are written: three at a time, and what is left over. */
const places: Readonly<Record<Algorithm, readonly (readonly number[])[]>> = {
  sha256: [groups(10, 0, 10, 20, [2, 0, 1]), [31, 30]],
  sha512: [groups(21, 0, 21, 42, [1, 2, 0]), [63]],
};

/** @returns the text behind the salt */
export function shaCrypt(algorithm: Algorithm, rounds: number, salt: string, password: Buffer): string {
  const saltBytes = Buffer.from(salt, 'latin1');
  const inner = digestOf(algorithm, [password, saltBytes, password]);
  const start = [password, saltBytes, repeated(inner, password.length)];
  for (let bits = password.length; bits > 0; bits >>>= 1) start.push((bits & 1) === 1 ? inner : password);
  let digest = digestOf(algorithm, start);
  const manyPasswords = Array.from({ length: password.length }, () => password);
  const passwordBytes = repeated(digestOf(algorithm, manyPasswords), password.length);
  const manySalts = Array.from({ length: 16 + (digest[0] ?? 0) }, () => saltBytes);
  const mixedSalt = repeated(digestOf(algorithm, manySalts), saltBytes.length);
  for (let round = 0; round < rounds; round++) {
    const isOdd = round % 2 === 1;
    const parts = [isOdd ? passwordBytes : digest];
    if (round % 3 !== 0) parts.push(mixedSalt);
    if (round % 7 !== 0) parts.push(passwordBytes);
    parts.push(isOdd ? digest : passwordBytes);
    digest = digestOf(algorithm, parts);
  }
  return places[algorithm].map((group) => cryptBase64(digest, group)).join('');
}

function digestOf(algorithm: Algorithm, parts: readonly Buffer[]): Buffer {
  return hash(algorithm, Buffer.concat(parts), 'buffer');
}

/** As many bytes as asked for, of the digest again and again. */
function repeated(digest: Buffer, length: number): Buffer {
  return Buffer.alloc(length, digest);
}

/** The order walks through three thirds of the digest, and which third is first turns with each step. */
function groups(
  count: number,
  first: number,
  second: number,
  third: number,
  turn: readonly number[],
): readonly number[] {
  const all: number[] = [];
  let starts = [first, second, third];
  for (let step = 0; step < count; step++) {
    for (const start of starts) all.push(start + step);
    starts = turn.map((index) => starts[index] ?? 0);
  }
  return all;
}
