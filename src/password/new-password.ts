// Makes what is stored for a new password: a hash by Argon2id (RFC 9106) for log-ins that send the password, and beside it a secret for
// those by SCRAM-SHA-256, which prove that they know it.

import { argon2 as argon2Later, argon2Sync, hash, randomBytes, randomInt } from 'node:crypto';
import { promisify } from 'node:util';
import { maxPasswordBytes } from './bounds.ts';
import type { ScramSecret } from './parsed-hash.ts';
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

/** What secrets of SCRAM share that one user has: a client is told one salt before it proves which password it knows. */
export type ScramSalt = Pick<ScramSecret, 'salt' | 'iterations'>;

export function newScramSalt(): ScramSalt {
  return { salt: randomBytes(saltBytes), iterations: scramIterations };
}

/**
 * What is stored for a new password. It takes about a tenth of a second.
 * @param shared - of the user's other passwords
 * @throws {RangeError} when no log-in could send this password
 */
export function newPassword(password: string, shared: ScramSalt = newScramSalt()): StoredPassword {
  const bytes = checkedBytes(password);
  const nonce = randomBytes(saltBytes);
  return formed(password, nonce, argon2Sync('argon2id', { message: bytes, nonce, ...argon2 }), shared);
}

/** The same for a process that has other things to do meanwhile. */
export async function newPasswordLater(
  password: string,
  shared: ScramSalt = newScramSalt(),
): Promise<StoredPassword> {
  const bytes = checkedBytes(password);
  const nonce = randomBytes(saltBytes);
  const digest = await promisify(argon2Later)('argon2id', { message: bytes, nonce, ...argon2 });
  return formed(password, nonce, digest, shared);
}

function formed(password: string, nonce: Uint8Array, digest: Uint8Array, shared: ScramSalt): StoredPassword {
  const parameters = `m=${argon2.memory},t=${argon2.passes},p=${argon2.parallelism}`;
  return {
    password: `$argon2id$v=19$${parameters}$${unpadded(nonce)}$${unpadded(digest)}`,
    scram: scramOf(password, shared),
  };
}

/**
 * What is stored for a password that was generated. Nobody guesses one, so it needs no slow hash: a log-in with a wrong password
 * costs one slow hash, however many of these the user has.
 */
export function generatedPassword(password: string, shared: ScramSalt): StoredPassword {
  const salt = randomBytes(saltBytes);
  const digest = hash('sha512', Buffer.concat([checkedBytes(password), salt]), 'buffer');
  return {
    password: `{SSHA512}${Buffer.concat([digest, salt]).toString('base64')}`,
    scram: scramOf(password, shared),
  };
}

function scramOf(password: string, shared: ScramSalt): string {
  return formatScramSecret(scramSecretOf(password, { algorithm: 'sha256', ...shared }));
}

function checkedBytes(password: string): Buffer {
  const bytes = Buffer.from(password);
  if (bytes.length === 0 || bytes.length > maxPasswordBytes || /\p{Cc}/u.test(password))
    throw new RangeError(`a password has 1 to ${maxPasswordBytes} bytes, and no control characters`);
  return bytes;
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

function unpadded(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replace(/=+$/u, '');
}
