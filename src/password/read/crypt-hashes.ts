// Hashes of crypt(3): by DES, MD5, SHA-2 and bcrypt.

import { bounds, tooCostly } from '../bounds.ts';
import { type HashReading, malformed } from '../parsed-hash.ts';

const saltOfMd5Crypt = 8;
const saltOfShaCrypt = 16;
/** Bounds that the definition of SHA-crypt has: a number outside of them means the bound. */
const [fewestRounds, mostRounds, usualRounds] = [1_000, 999_999_999, 5_000];

export function readDesCrypt(stored: string): HashReading {
  return { kind: 'hash', hash: { kind: 'des-crypt', salt: stored.slice(0, 2), hash: stored.slice(2) } };
}

export function readMd5Crypt(magic: '$1$' | '$apr1$', stored: string): HashReading {
  const parts = /^(?<salt>[^$:\n]*)\$(?<hash>[./0-9A-Za-z]{22})$/u.exec(stored.slice(magic.length))?.groups;
  if (parts === undefined) return malformed('MD5 crypt');
  const { salt = '', hash = '' } = parts;
  return { kind: 'hash', hash: { kind: 'md5-crypt', magic, salt: salt.slice(0, saltOfMd5Crypt), hash } };
}

export function readShaCrypt(algorithm: 'sha256' | 'sha512', stored: string): HashReading {
  const name = `SHA-${algorithm === 'sha256' ? 256 : 512} crypt`;
  const parts = /^(?:rounds=(?<rounds>\d{1,10})\$)?(?<salt>[^$:\n]*)\$(?<hash>[./0-9A-Za-z]+)$/u.exec(
    stored.slice('$5$'.length),
  )?.groups;
  const { rounds: given, salt = '', hash = '' } = parts ?? {};
  if (hash.length !== (algorithm === 'sha256' ? 43 : 86)) return malformed(name);
  const rounds = Math.min(mostRounds, Math.max(fewestRounds, Number(given ?? usualRounds)));
  if (rounds > bounds.shaCryptRounds) return tooCostly(name);
  return {
    kind: 'hash',
    hash: { kind: 'sha-crypt', algorithm, rounds, salt: salt.slice(0, saltOfShaCrypt), hash },
  };
}

export function readBcrypt(stored: string): HashReading {
  const cost = /^\$2[aby]\$(?<cost>\d\d)\$[./0-9A-Za-z]{53}$/u.exec(stored)?.groups?.['cost'];
  if (cost === undefined || Number(cost) < 4) return malformed('bcrypt');
  if (Number(cost) > bounds.bcryptCost) return tooCostly('bcrypt');
  return { kind: 'hash', hash: { kind: 'bcrypt', text: stored } };
}
