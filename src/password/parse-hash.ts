// Reads stored passwords of any scheme: with the scheme's name in braces, as Dovecot and LDAP servers write them, or told by how they
// begin, as in crypt(3). What Sluice does not check is refused with a reason, and never taken for a wrong password.

import { type HashReading, refused } from './parsed-hash.ts';
import { readBracedDigest } from './read/braced-digest.ts';
import { readBcrypt, readDesCrypt, readMd5Crypt, readShaCrypt } from './read/crypt-hashes.ts';
import { readArgon2, readDjangoScrypt, readPhcScrypt } from './read/memory-hard.ts';
import { readDjangoPbkdf2, readDovecotPbkdf2, readPhcPbkdf2 } from './read/pbkdf2.ts';
import { readDovecotScram, readScram } from './read/scram-secrets.ts';

/** `{SCHEME}`, `{SCHEME.HEX}`; what follows is the data. */
const braced = /^\{(?<scheme>[A-Za-z0-9_.-]{1,32})\}(?<data>.*)$/su;

const desHash = /^[./0-9A-Za-z]{13}$/u;
const extendedDesHash = /^_[./0-9A-Za-z]{19}$/u;

const wayOut =
  'Let a program check it that knows the scheme: name a source of kind "checkpassword" or "dovecot" after this one. Or set a new password.';

/** Reads a stored password. */
export function parseHash(stored: string): HashReading {
  const { scheme, data = '' } = braced.exec(stored)?.groups ?? {};
  if (scheme === undefined) return readBare(stored);
  const [name = '', encoding = ''] = scheme.toUpperCase().split('.', 2);
  if (encoding !== '' && !['HEX', 'B64', 'BASE64'].includes(encoding))
    return refused(`its password has the unknown encoding {${scheme}}`, wayOut);
  return readBraced(name, encoding, data);
}

function readBraced(name: string, encoding: string, data: string): HashReading {
  switch (name) {
    case 'PLAIN':
    case 'CLEAR':
    case 'CLEARTEXT':
      return readPlain(encoding, data);
    case 'CRYPT':
    case 'DES-CRYPT':
    case 'MD5-CRYPT':
    case 'SHA256-CRYPT':
    case 'SHA512-CRYPT':
    case 'BLF-CRYPT':
    case 'ARGON2I':
    case 'ARGON2ID':
    case 'ARGON2D':
      return readBare(data);
    case 'MD5':
      // Dovecot means crypt(3) by this name, and LDAP servers a digest.
      return data.startsWith('$') ? readBare(data) : readBracedDigest('LDAP-MD5', encoding, data, wayOut);
    case 'PBKDF2':
      return readDovecotPbkdf2(data);
    case 'PBKDF2-SHA1':
    case 'PBKDF2-SHA256':
    case 'PBKDF2-SHA512':
      return readPhcPbkdf2(name.slice('PBKDF2-'.length).toLowerCase(), data);
    case 'SCRAM-SHA-1':
    case 'SCRAM-SHA-256':
      return readDovecotScram(name, data);
    default:
      return readBracedDigest(name, encoding, data, wayOut);
  }
}

function readPlain(encoding: string, data: string): HashReading {
  const bytes = encoding === '' ? undefined : Buffer.from(data, encoding === 'HEX' ? 'hex' : 'base64');
  return { kind: 'hash', hash: { kind: 'plain', text: bytes === undefined ? data : bytes.toString() } };
}

/** Without a scheme's name. A password itself is never guessed: it needs `{PLAIN}`. */
function readBare(stored: string): HashReading {
  // passwd(5), shadow(5): such accounts have no password that fits.
  if (stored === '' || stored.startsWith('!') || stored.startsWith('*')) return { kind: 'none' };
  const [first = '', id = ''] = stored.split('$', 2);
  if (first === 'SCRAM-SHA-256' || first === 'SCRAM-SHA-1') return readScram(stored);
  if (first === 'scrypt') return readDjangoScrypt(stored);
  if (first.startsWith('pbkdf2_')) return readDjangoPbkdf2(stored);
  if (first !== '') return readWithoutDollar(stored);
  switch (id) {
    case '1':
    case 'apr1':
      return readMd5Crypt(`$${id}$`, stored);
    case '5':
    case '6':
      return readShaCrypt(id === '5' ? 'sha256' : 'sha512', stored);
    case '2a':
    case '2b':
    case '2y':
      return readBcrypt(stored);
    case 'argon2d':
    case 'argon2i':
    case 'argon2id':
      return readArgon2(id, stored);
    case 'scrypt':
      return readPhcScrypt(stored);
    case 'pbkdf2':
      return readPhcPbkdf2('sha1', stored.slice('$pbkdf2$'.length));
    case 'pbkdf2-sha256':
    case 'pbkdf2-sha512':
      return readPhcPbkdf2(id.slice('pbkdf2-'.length), stored.slice(id.length + 2));
    default:
      return refusedById(id);
  }
}

function readWithoutDollar(stored: string): HashReading {
  if (desHash.test(stored)) return readDesCrypt(stored);
  if (extendedDesHash.test(stored))
    return refused(
      'its password is a hash by extended DES crypt (BSDi), which Sluice does not check',
      wayOut,
    );
  return refused(
    'its password is in no known form',
    'Write the scheme before it, such as {PLAIN} or {SSHA}; or set a new password.',
  );
}

/** Hashes that are known by name only. No package for Node computes them. */
const namesById: ReadonlyMap<string, string> = new Map([
  ['y', 'yescrypt'],
  ['gy', 'gost-yescrypt'],
  ['7', 'scrypt of crypt(3) ($7$)'],
  ['sm3', 'SM3 crypt'],
  ['md5', 'SunMD5'],
  ['3', 'NT hash ($3$)'],
  ['2x', 'the faulty bcrypt of crypt_blowfish ($2x$)'],
]);

function refusedById(id: string): HashReading {
  const name = namesById.get(id);
  return name === undefined
    ? refused('its password is a hash of an unknown kind', wayOut)
    : refused(`its password is a hash by ${name}, which Sluice does not check`, wayOut);
}
