// Fingerprints of certificates and public keys as people write them: "sha256:0f:1e:...", with or without colons.

import { ValueError } from './value-error.ts';

/**
 * Reads a SHA-256 fingerprint.
 * @returns lower-case hex
 * @throws {ValueError} when it is not one.
 */
export function parseFingerprint(text: string): string {
  const match = /^sha256[:=]([0-9a-f:]+)$/i.exec(text.trim());
  const hex = (match?.[1] ?? '').replaceAll(':', '').toLowerCase();
  if (hex.length === 64) return hex;
  throw new ValueError(
    `"${text}" is not a fingerprint; write "sha256:" and 64 hex digits, as "openssl x509 -noout -fingerprint -sha256" prints them`,
  );
}
