// Makes what is stored for a new password: a hash by Argon2id (RFC 9106) for log-ins that send the password, and beside it a secret for
// those by SCRAM-SHA-256, which prove that they know it.

import { argon2Sync, randomBytes, randomInt } from 'node:crypto';
import { maxPasswordBytes } from './bounds.ts';
import { formatScramSecret, scramSecretOf } from './scram.ts';

/** What is stored for a password, as text. */
export interface StoredPassword {
  readonly password: string;
  /** RFC 5803. */
  readonly scram: string;
}

/** RFC 9106 4, second recommended option, with one lane: about a tenth of a second. */
const argon2 = { memory: 65_536, passes: 3, parallelism: 1, tagLength: 32 } as const;

/** Clients compute these, too, and many refuse more than 100,000. RFC 7677 4 asks for 4,096 at least. */
export const scramIterations = 16_384;
const saltBytes = 16;

/** Takes about a tenth of a second. @throws {RangeError} when no log-in could send this password */
export function newPassword(password: string): StoredPassword {
  const bytes = Buffer.from(password);
  if (bytes.length === 0 || bytes.length > maxPasswordBytes || /\p{Cc}/u.test(password))
    throw new RangeError(`a password has 1 to ${maxPasswordBytes} bytes, and no control characters`);
  const nonce = randomBytes(saltBytes);
  const hash = argon2Sync('argon2id', { message: bytes, nonce, ...argon2 });
  const parameters = `m=${argon2.memory},t=${argon2.passes},p=${argon2.parallelism}`;
  const secret = scramSecretOf(password, {
    algorithm: 'sha256',
    iterations: scramIterations,
    salt: randomBytes(saltBytes),
  });
  return {
    password: `$argon2id$v=19$${parameters}$${unpadded(nonce)}$${unpadded(hash)}`,
    scram: formatScramSecret(secret),
  };
}

/** Letters and digits that nobody confuses. */
const readable = 'abcdefghijkmnpqrstuvwxyz23456789';
const groupsOf = 5;
const groupCount = 4;

/** A new password that people can read out and type: 20 characters, 100 bits. */
export function generatePassword(): string {
  const group = (): string =>
    Array.from({ length: groupsOf }, () => readable[randomInt(readable.length)] ?? '').join('');
  return Array.from({ length: groupCount }, group).join('-');
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/u, '');
}
