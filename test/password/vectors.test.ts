// Stored passwords of every scheme are checked as the programs do that made them: with the vectors beside the project, and with those
// of OpenSSL, Python and the reference implementation of Argon2.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { checkPassword } from '../../src/password/check-password.ts';
import { parseHash } from '../../src/password/parse-hash.ts';

interface Vector {
  readonly password: string;
  readonly hash: string;
}

const file = new URL('../../../shared/suites/passwords/vectors.json', import.meta.url);
/** No package for Node computes these. */
const withoutProgram = /^\$(?:y|gy|7)\$/u;

function fits(hash: string, password: string): boolean {
  const read = parseHash(hash);
  assert.equal(read.kind, 'hash', hash);
  return read.kind === 'hash' && checkPassword(read.hash, password);
}

if (existsSync(file)) {
  const vectors = JSON.parse(readFileSync(file, 'utf8')) as readonly Vector[];
  for (const { password, hash } of vectors) {
    if (withoutProgram.test(hash)) {
      test(`${hash.slice(0, 20)}... is refused by name, with a way out`, () => {
        const read = parseHash(hash);
        assert.ok(read.kind === 'refused');
        assert.match(read.reason, /yescrypt|\$7\$/u);
        assert.match(read.advice, /checkpassword/u);
        assert.doesNotMatch(`${read.reason} ${read.advice}`, /saltsalt/u, 'the hash is not told');
      });
      continue;
    }
    test(`${hash.slice(0, 40)}... fits its password and no other`, () => {
      assert.ok(fits(hash, password));
      // crypt by DES looks at eight bytes, so the difference is in front.
      assert.ok(!fits(hash, `x${password}`.replace(/^xx/u, 'yx')));
      assert.ok(!fits(hash, ''));
    });
  }
} else {
  test('the vectors of passwords', { skip: 'shared/suites/passwords is not there' }, () => undefined);
}

const others: readonly Vector[] = [
  { password: 'Grüße 42', hash: '$apr1$saltsalt$iYkpmGJz69hvleZiE.Okq.' },
  { password: 'password', hash: '$apr1$saltsalt$yAAkm4libquA.ZWLHbSBq/' },
  { password: 'a'.repeat(32), hash: '$1$saltsalt$IAeyKyk3j7PBufzKksXnD/' },
  // Lengths that are a multiple of the digest's.
  { password: 'a'.repeat(32), hash: '$5$saltsaltsalt$ERFGWMeNCxaxzJ6MbhbgdpK1Dqxih9samrCTxBLnO/4' },
  {
    password: 'b'.repeat(64),
    hash: '$6$saltsaltsalt$VNKXaxt809PYgngTB2a8970FaRf2.MUK3gxsRuUj1BdDRGmyRTIBKw9R5k6qd9C0U/u7lBo2oFHhbxI.bUj0r.',
  },
  {
    password: 'a'.repeat(32),
    hash: '{SHA512-CRYPT}$6$short$QT7xjAnDOactgQIcXisgkzdK9DQtOcWW8Mxc3oXeCL/DgUdrkI1tzNch604rOX3/X1t/GkJEVe2MOHSkek2zJ0',
  },
  {
    password: 'password',
    hash: '$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA',
  },
  {
    password: 'password',
    hash: '{ARGON2ID}$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc',
  },
  { password: 'password', hash: 'pbkdf2_sha256$1000$seasalt$YIWkt6M1JFXrHg5s0jZjBSc7C2Cz6QvchSJ0h8Y+i7c=' },
  {
    password: 'password',
    hash: '$pbkdf2-sha512$1000$c2Vhc2FsdA$TCtBOEq.xXm.XNZRLfJoHDneh4iBM8b625BLGQLietyIGZ27aNH0oiYQ1uvtIKO2f60DdYIkgYbHnIAbnk1sWw',
  },
  {
    password: 'password',
    hash: '{PBKDF2-SHA256}1000$c2Vhc2FsdA$YIWkt6M1JFXrHg5s0jZjBSc7C2Cz6QvchSJ0h8Y.i7c',
  },
  {
    password: 'password',
    hash: 'scrypt$seasalt$1024$8$1$31PFhAHfMCdqX/BGQIxXuAjBaIcgP0CgVuIps6DSp+8K7h82mbxhGi3Z9fAVqY17jT4eecjow+NbgfAYw3me9g==',
  },
  {
    password: 'password',
    hash: '$scrypt$ln=10,r=8,p=1$c2Vhc2FsdA$31PFhAHfMCdqX/BGQIxXuAjBaIcgP0CgVuIps6DSp+8',
  },
  // RFC 7677 3, in the form of RFC 5803.
  {
    password: 'pencil',
    hash: 'SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=',
  },
  { password: 'Grüße 42', hash: '{PLAIN.b64}R3LDvMOfZSA0Mg==' },
  {
    password: 'Grüße 42',
    hash: '{sha256.hex}356ac0b144849ea59b14007f31072aa014835840f99f16bdf603fce8de16243c',
  },
  { password: 'Grüße 42', hash: '{SHA256}356ac0b144849ea59b14007f31072aa014835840f99f16bdf603fce8de16243c' },
  { password: 'Grüße 42', hash: '{MD5}$1$saltsalt$5lubtQtEyi6/l.TQrscRd/' },
  { password: 'Grüße 42', hash: '{CRYPT}abbEVgpWph7eI' },
];

for (const { password, hash } of others)
  test(`${hash.slice(0, 40)}... fits its password and no other`, () => {
    assert.ok(fits(hash, password));
    assert.ok(!fits(hash, `X${password}`));
  });

test('a password with a zero byte, or of more than 512 bytes, fits nothing', () => {
  assert.ok(!fits('{PLAIN}a\0b', 'a\0b'));
  assert.ok(fits(`{PLAIN}${'a'.repeat(512)}`, 'a'.repeat(512)));
  assert.ok(!fits(`{PLAIN}${'a'.repeat(513)}`, 'a'.repeat(513)));
});
