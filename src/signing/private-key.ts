// A private key for signatures, from the text of its file: PEM in PKCS#8 or PKCS#1 form, RSA or Ed25519.

import { createPrivateKey, type KeyObject } from 'node:crypto';
import { maxRsaBits, minRsaBits } from '../dkim/limits.ts';
import type { SigningAlgorithm } from '../dkim/tag-reader.ts';

export interface PrivateKey {
  readonly key: KeyObject;
  readonly algorithm: SigningAlgorithm;
  /** Of the modulus; 256 for Ed25519. */
  readonly bits: number;
}

/** @returns the key, or why there is none, as a clause about the file */
export function parsePrivateKey(text: string): PrivateKey | { readonly fault: string } {
  if (/-----BEGIN ENCRYPTED |Proc-Type: 4,ENCRYPTED/.test(text))
    return { fault: 'its key is protected by a password' };
  if (!/-----BEGIN (?:RSA )?PRIVATE KEY-----/.test(text))
    return { fault: 'it has no private key in PEM form (PKCS#8 or PKCS#1)' };
  let key: KeyObject;
  try {
    key = createPrivateKey(text);
  } catch {
    return { fault: 'its private key cannot be read' };
  }
  if (key.asymmetricKeyType === 'ed25519') return { key, algorithm: 'ed25519-sha256', bits: 256 };
  if (key.asymmetricKeyType !== 'rsa') return { fault: 'its key is neither RSA nor Ed25519' };
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  // RFC 8301 3.2: shorter ones must not be used, and verifiers need not know longer ones.
  if (bits < minRsaBits || bits > maxRsaBits)
    return { fault: `its RSA key has ${bits} bits, and only ${minRsaBits} to ${maxRsaBits} are of use` };
  return { key, algorithm: 'rsa-sha256', bits };
}
