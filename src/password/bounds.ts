// How much work Sluice does for one password: whoever can write a stored hash, or imports those of others, must not be able to make a
// log-in take minutes or gigabytes. Each bound is about two seconds of one core; what programs make by default is far below.

import { type HashReading, refused } from './parsed-hash.ts';

/** A longer password fits nothing. libxcrypt has the same limit (CRYPT_MAX_PASSPHRASE_SIZE). */
export const maxPasswordBytes = 512;

export const bounds = {
  /** bcrypt: the logarithm of its rounds. */
  bcryptCost: 14,
  /** Rounds of SHA-256 or SHA-512 crypt. */
  shaCryptRounds: 500_000,
  pbkdf2Iterations: 2_000_000,
  argon2MemoryKiB: 262_144,
  argon2Parallelism: 16,
  /** Memory times passes. */
  argon2KiBPasses: 2_097_152,
  /** N * r * p, each of which fills 128 bytes. */
  scryptBlocks: 2_097_152,
  scryptMemoryBytes: 268_435_456,
} as const;

/** For a hash that costs more than its bound. */
export function tooCostly(scheme: string): HashReading {
  return refused(
    `its password is a hash by ${scheme} that costs more than Sluice computes`,
    'Store it with usual parameters: set a new password.',
  );
}
