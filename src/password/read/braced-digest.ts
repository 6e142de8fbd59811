// Digests of a password and perhaps a salt: `{SHA}`, `{SSHA256}`, `{SMD5}`, `{PLAIN-MD5}` and so on, as LDAP servers and Dovecot write them.

import { type DigestName, type HashReading, malformed, refused } from '../parsed-hash.ts';

interface DigestScheme {
  readonly algorithm: DigestName;
  readonly bytes: number;
  readonly isSalted: boolean;
}

const schemes: ReadonlyMap<string, DigestScheme> = new Map([
  ['SHA', { algorithm: 'sha1', bytes: 20, isSalted: false }],
  ['SHA1', { algorithm: 'sha1', bytes: 20, isSalted: false }],
  ['SHA256', { algorithm: 'sha256', bytes: 32, isSalted: false }],
  ['SHA512', { algorithm: 'sha512', bytes: 64, isSalted: false }],
  ['PLAIN-MD5', { algorithm: 'md5', bytes: 16, isSalted: false }],
  ['LDAP-MD5', { algorithm: 'md5', bytes: 16, isSalted: false }],
  ['SSHA', { algorithm: 'sha1', bytes: 20, isSalted: true }],
  ['SSHA256', { algorithm: 'sha256', bytes: 32, isSalted: true }],
  ['SSHA512', { algorithm: 'sha512', bytes: 64, isSalted: true }],
  ['SMD5', { algorithm: 'md5', bytes: 16, isSalted: true }],
]);

const hexadecimal = /^(?:[0-9A-Fa-f]{2})+$/u;
const base64 = /^[A-Za-z0-9+/]+={0,2}$/u;

/** @param wayOut - what to do when the scheme is not known */
export function readBracedDigest(name: string, encoding: string, data: string, wayOut: string): HashReading {
  const scheme = schemes.get(name);
  if (scheme === undefined)
    return refused(`its password is stored by the scheme {${name}}, which Sluice does not check`, wayOut);
  const { algorithm, bytes, isSalted } = scheme;
  // Without a named encoding, the length tells: no base64 of a digest is as long as its hexadecimal form.
  const isHex =
    encoding === 'HEX' || (encoding === '' && data.length === 2 * bytes && hexadecimal.test(data));
  if (!(isHex ? hexadecimal : base64).test(data)) return malformed(`{${name}}`);
  const all = Buffer.from(data, isHex ? 'hex' : 'base64');
  if (isSalted ? all.length < bytes : all.length !== bytes) return malformed(`{${name}}`);
  const [digest, salt] = [all.subarray(0, bytes), all.subarray(bytes)];
  return { kind: 'hash', hash: { kind: 'digest', algorithm, digest, salt } };
}
