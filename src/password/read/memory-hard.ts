// Hashes by Argon2 and scrypt in the forms of the PHC string format, and scrypt as Django writes it.

import { bounds, tooCostly } from '../bounds.ts';
import { type Argon2Name, type HashReading, malformed } from '../parsed-hash.ts';

const argon2Form =
  /^\$argon2(?:d|i|id)\$v=19\$m=(?<memory>\d{1,10}),t=(?<passes>\d{1,10}),p=(?<lanes>\d{1,8})\$(?<salt>[A-Za-z0-9+/]+)\$(?<hash>[A-Za-z0-9+/]+)$/u;

export function readArgon2(algorithm: Argon2Name, stored: string): HashReading {
  const parts = argon2Form.exec(stored)?.groups;
  if (parts === undefined) return malformed('Argon2 (version 19)');
  const { salt: saltText = '', hash: hashText = '' } = parts;
  const [memoryKiB, passes, parallelism] = [parts['memory'], parts['passes'], parts['lanes']].map(Number) as [
    number,
    number,
    number,
  ];
  const [salt, hash] = [Buffer.from(saltText, 'base64'), Buffer.from(hashText, 'base64')];
  // RFC 9106 3.1
  if (passes < 1 || parallelism < 1 || memoryKiB < 8 * parallelism || salt.length < 8 || hash.length < 4)
    return malformed('Argon2');
  const isCostly =
    memoryKiB > bounds.argon2MemoryKiB ||
    parallelism > bounds.argon2Parallelism ||
    memoryKiB * passes > bounds.argon2KiBPasses;
  if (isCostly || hash.length > 256) return tooCostly('Argon2');
  return { kind: 'hash', hash: { kind: 'argon2', algorithm, memoryKiB, passes, parallelism, salt, hash } };
}

const phcForm =
  /^\$scrypt\$ln=(?<ln>\d{1,2}),r=(?<r>\d{1,6}),p=(?<p>\d{1,6})\$(?<salt>[A-Za-z0-9+/]+)\$(?<hash>[A-Za-z0-9+/]+)$/u;

export function readPhcScrypt(stored: string): HashReading {
  const parts = phcForm.exec(stored)?.groups;
  if (parts === undefined) return malformed('scrypt');
  const { ln, r, p, salt = '', hash = '' } = parts;
  return scrypt(2 ** Number(ln), Number(r), Number(p), Buffer.from(salt, 'base64'), hash);
}

const djangoForm =
  /^scrypt\$(?<salt>[^$]+)\$(?<n>\d{1,10})\$(?<r>\d{1,6})\$(?<p>\d{1,6})\$(?<hash>[A-Za-z0-9+/]+={0,2})$/u;

export function readDjangoScrypt(stored: string): HashReading {
  const parts = djangoForm.exec(stored)?.groups;
  if (parts === undefined) return malformed('scrypt');
  const { n, r, p, salt = '', hash = '' } = parts;
  return scrypt(Number(n), Number(r), Number(p), Buffer.from(salt), hash);
}

function scrypt(
  cost: number,
  blockSize: number,
  parallelization: number,
  salt: Buffer,
  hashText: string,
): HashReading {
  const hash = Buffer.from(hashText, 'base64');
  // RFC 7914 2: N is a power of two, larger than one.
  if (
    cost < 2 ||
    !Number.isInteger(Math.log2(cost)) ||
    blockSize < 1 ||
    parallelization < 1 ||
    hash.length < 16
  )
    return malformed('scrypt');
  const isCostly =
    cost * blockSize * parallelization > bounds.scryptBlocks ||
    128 * blockSize * (cost + parallelization) > bounds.scryptMemoryBytes;
  if (isCostly || hash.length > 256) return tooCostly('scrypt');
  return { kind: 'hash', hash: { kind: 'scrypt', cost, blockSize, parallelization, salt, hash } };
}
