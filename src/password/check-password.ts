// Computes whether a password fits a stored one. It takes as long as the scheme wants, up to about two seconds: call it in a thread
// of the pool (`hash-pool.ts`), except for schemes that are quick.

import { argon2Sync, hash as digestOf, pbkdf2Sync, scryptSync, timingSafeEqual } from 'node:crypto';
import { hashSync } from 'bcryptjs';
import { bounds, maxPasswordBytes } from './bounds.ts';
import type { ParsedHash } from './parsed-hash.ts';
import { desCrypt } from './schemes/des-crypt.ts';
import { md5Crypt } from './schemes/md5-crypt.ts';
import { shaCrypt } from './schemes/sha-crypt.ts';
import { scramSecretOf } from './scram.ts';

/** bcrypt's salt in the text of its hash: the identifier, the cost, and 22 characters. */
const bcryptSaltLength = 29;

/** Whether it takes less time than handing it to a thread. */
export function isQuick({ kind }: ParsedHash): boolean {
  return kind === 'plain' || kind === 'digest';
}

/** Whether the password fits. Comparing takes the same time wherever a difference is. */
export function checkPassword(stored: ParsedHash, password: string): boolean {
  const bytes = Buffer.from(password);
  // crypt(3) ends a password at a zero byte, so that many would fit; RFC 4616 2 forbids them.
  if (bytes.length > maxPasswordBytes || bytes.includes(0)) return false;
  switch (stored.kind) {
    case 'plain':
      return isSame(digestOf('sha256', stored.text, 'buffer'), digestOf('sha256', password, 'buffer'));
    case 'digest':
      return isSame(digestOf(stored.algorithm, Buffer.concat([bytes, stored.salt]), 'buffer'), stored.digest);
    case 'des-crypt':
      return isSameText(desCrypt(stored.salt, bytes), stored.hash);
    case 'md5-crypt':
      return isSameText(md5Crypt(stored.magic, stored.salt, bytes), stored.hash);
    case 'sha-crypt':
      return isSameText(shaCrypt(stored.algorithm, stored.rounds, stored.salt, bytes), stored.hash);
    case 'bcrypt':
      return isSameText(hashSync(password, stored.text.slice(0, bcryptSaltLength)), stored.text);
    case 'argon2': {
      const { algorithm, memoryKiB: memory, passes, parallelism, salt: nonce, hash } = stored;
      const tagLength = hash.length;
      return isSame(
        argon2Sync(algorithm, { message: bytes, nonce, memory, passes, parallelism, tagLength }),
        hash,
      );
    }
    case 'scrypt': {
      const { cost, blockSize, parallelization, salt, hash } = stored;
      const options = { cost, blockSize, parallelization, maxmem: 2 * bounds.scryptMemoryBytes };
      return isSame(scryptSync(bytes, salt, hash.length, options), hash);
    }
    case 'pbkdf2': {
      const { algorithm, iterations, salt, hash } = stored;
      return isSame(pbkdf2Sync(bytes, salt, iterations, hash.length, algorithm), hash);
    }
    case 'scram':
      return isSame(scramSecretOf(password, stored).storedKey, stored.storedKey);
  }
}

function isSame(computed: Uint8Array, stored: Uint8Array): boolean {
  return computed.length === stored.length && timingSafeEqual(computed, stored);
}

function isSameText(computed: string, stored: string): boolean {
  return isSame(Buffer.from(computed), Buffer.from(stored));
}
