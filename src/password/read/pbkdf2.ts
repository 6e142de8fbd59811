// Hashes by PBKDF2 (RFC 8018 5.2), as Dovecot, Django, passlib and OpenLDAP write them.

import { bounds, tooCostly } from '../bounds.ts';
import { type HashReading, malformed, type Pbkdf2Digest } from '../parsed-hash.ts';

/** `{PBKDF2}$1$salt$rounds$hex`: SHA-1; the salt is the text itself. */
export function readDovecotPbkdf2(data: string): HashReading {
  const parts = /^\$1\$(?<salt>[^$]+)\$(?<rounds>\d{1,10})\$(?<hash>(?:[0-9a-fA-F]{2})+)$/u.exec(
    data,
  )?.groups;
  const { salt = '', rounds, hash = '' } = parts ?? {};
  return pbkdf2('sha1', rounds, Buffer.from(salt), Buffer.from(hash, 'hex'));
}

/** `pbkdf2_sha256$rounds$salt$base64`: the salt is the text itself. */
export function readDjangoPbkdf2(stored: string): HashReading {
  const parts =
    /^pbkdf2_(?<digest>sha1|sha256|sha512)\$(?<rounds>\d{1,10})\$(?<salt>[^$]+)\$(?<hash>[A-Za-z0-9+/]+={0,2})$/u.exec(
      stored,
    )?.groups;
  const { digest = '', rounds, salt = '', hash = '' } = parts ?? {};
  return pbkdf2(digest, rounds, Buffer.from(salt), Buffer.from(hash, 'base64'));
}

/** `rounds$salt$hash`, in base64 with `.` instead of `+`, and without padding. */
export function readPhcPbkdf2(digest: string, data: string): HashReading {
  const parts = /^(?<rounds>\d{1,10})\$(?<salt>[A-Za-z0-9./+]+)\$(?<hash>[A-Za-z0-9./+]+)$/u.exec(
    data,
  )?.groups;
  const { rounds, salt = '', hash = '' } = parts ?? {};
  return pbkdf2(digest, rounds, adaptedBase64(salt), adaptedBase64(hash));
}

function adaptedBase64(text: string): Buffer {
  return Buffer.from(text.replaceAll('.', '+'), 'base64');
}

function isDigest(name: string): name is Pbkdf2Digest {
  return ['sha1', 'sha256', 'sha512'].includes(name);
}

function pbkdf2(digest: string, rounds: string | undefined, salt: Buffer, hash: Buffer): HashReading {
  const iterations = Number(rounds ?? 0);
  if (!isDigest(digest) || iterations < 1 || salt.length === 0 || hash.length < 16)
    return malformed('PBKDF2');
  // Each further block of the hash costs all iterations once more.
  if (iterations > bounds.pbkdf2Iterations || hash.length > 64) return tooCostly('PBKDF2');
  return { kind: 'hash', hash: { kind: 'pbkdf2', algorithm: digest, iterations, salt, hash } };
}
