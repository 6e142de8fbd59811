// The secrets of SCRAM (RFC 5802, RFC 7677): made of a password, written as RFC 5803 says, and proofs that are checked by them.

import { createHmac, hash, pbkdf2Sync, timingSafeEqual } from 'node:crypto';
import type { ScramSecret } from './parsed-hash.ts';
import { preparedPassword } from './saslprep.ts';

type Algorithm = ScramSecret['algorithm'];

export const scramKeyBytes: Readonly<Record<Algorithm, number>> = { sha1: 20, sha256: 32 };

/** The secret of a password (RFC 5802 3). It takes as long as PBKDF2 with that many iterations. */
export function scramSecretOf(
  password: string,
  { algorithm, iterations, salt }: Pick<ScramSecret, 'algorithm' | 'iterations' | 'salt'>,
): ScramSecret {
  const bytes = scramKeyBytes[algorithm];
  const salted = pbkdf2Sync(preparedPassword(password), salt, iterations, bytes, algorithm);
  const storedKey = hash(algorithm, hmac(algorithm, salted, 'Client Key'), 'buffer');
  return { algorithm, iterations, salt, storedKey, serverKey: hmac(algorithm, salted, 'Server Key') };
}

/** RFC 5803: `SCRAM-SHA-256$4096:salt$StoredKey:ServerKey`. */
export function formatScramSecret({
  algorithm,
  iterations,
  salt,
  storedKey,
  serverKey,
}: ScramSecret): string {
  const name = algorithm === 'sha1' ? 'SCRAM-SHA-1' : 'SCRAM-SHA-256';
  return `${name}$${iterations}:${base64(salt)}$${base64(storedKey)}:${base64(serverKey)}`;
}

/**
 * Checks the proof of a client (RFC 5802 3).
 * @returns the server's signature (`v=`); undefined when the proof is wrong
 */
export function checkScramProof(
  { algorithm, storedKey, serverKey }: Pick<ScramSecret, 'algorithm' | 'storedKey' | 'serverKey'>,
  authMessage: string,
  proof: Uint8Array,
): Buffer | undefined {
  const signature = hmac(algorithm, storedKey, authMessage);
  if (proof.length !== signature.length) return undefined;
  const clientKey = signature.map((byte, at) => byte ^ (proof[at] ?? 0));
  if (!timingSafeEqual(hash(algorithm, clientKey, 'buffer'), storedKey)) return undefined;
  return hmac(algorithm, serverKey, authMessage);
}

function hmac(algorithm: Algorithm, key: Uint8Array, text: string): Buffer {
  return createHmac(algorithm, key).update(text).digest();
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
