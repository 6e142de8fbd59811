// What is read of a stored password, and what is refused: unknown schemes, mistakes, and parameters that would cost too much.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseHash } from '../../src/password/parse-hash.ts';

const key = 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=';

function assertRefused(stored: string, reason: RegExp): void {
  const read = parseHash(stored);
  assert.ok(read.kind === 'refused', stored);
  assert.match(read.reason, reason);
  assert.notEqual(read.advice, '');
}

test('an account without a password, or with a locked one, has none', () => {
  for (const stored of ['', '!', '*', '!$6$salt$hash', '*LK*', '{CRYPT}!'])
    assert.deepEqual(parseHash(stored), { kind: 'none' }, stored);
});

for (const stored of [
  `$6$rounds=500001$salt$${'a'.repeat(86)}`,
  `$5$rounds=999999999$salt$${'a'.repeat(43)}`,
  `$2b$15$${'a'.repeat(53)}`,
  '$argon2id$v=19$m=262145,t=1,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA',
  '$argon2id$v=19$m=65536,t=33,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA',
  '$argon2id$v=19$m=65536,t=1,p=17$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA',
  '$scrypt$ln=22,r=8,p=1$c2Vhc2FsdA$31PFhAHfMCdqX/BGQIxXuAjBaIcgP0CgVuIps6DSp+8',
  '$scrypt$ln=10,r=8,p=1000$c2Vhc2FsdA$31PFhAHfMCdqX/BGQIxXuAjBaIcgP0CgVuIps6DSp+8',
  'pbkdf2_sha256$2000001$seasalt$YIWkt6M1JFXrHg5s0jZjBSc7C2Cz6QvchSJ0h8Y+i7c=',
  `SCRAM-SHA-256$2000001:c2FsdA==$${key}:${key}`,
])
  test(`${stored.slice(0, 44)}... costs more than Sluice computes`, () =>
    assertRefused(stored, /costs more than Sluice computes/u));

for (const stored of [
  '$1$salt$short',
  '$5$salt$short',
  '$2b$03$aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
  '$2b$10$short',
  '$argon2id$m=65536,t=2,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA',
  '$argon2id$v=19$m=7,t=1,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA',
  '$scrypt$ln=0,r=8,p=1$c2Vhc2FsdA$31PFhAHfMCdqX/BGQIxXuAjBaIcgP0CgVuIps6DSp+8',
  'scrypt$salt$1000$8$1$31PFhAHfMCdqX/BGQIxXuAjBaIcgP0CgVuIps6DSp+8',
  'pbkdf2_md5$1000$seasalt$YIWkt6M1JFXrHg5s0jZjBSc7C2Cz6QvchSJ0h8Y+i7c=',
  '{PBKDF2}$1$salt$0$f8afab8d8cd624ca87fd5632bbe272a6120600f9',
  '{SHA}CmK9',
  '{SSHA}CmK9',
  '{SHA256.HEX}zz',
  `{SCRAM-SHA-256}4096,c2FsdA==,c2hvcnQ=,${key}`,
  'SCRAM-SHA-256$4096:salt',
])
  test(`${stored.slice(0, 44)}... is a mistake, and no wrong password`, () =>
    assertRefused(stored, /not written as/u));

for (const [stored, name] of [
  ['{CRAM-MD5}9186d855e11eba527a7a52748229a1d5', /CRAM-MD5/u],
  ['{NTLM}b4b9b02e6f09a9bd760f388b67351e2b', /NTLM/u],
  ['{SHA.B32}AAAA', /encoding/u],
  ['$sm3$salt$hash', /SM3/u],
  ['$unheard-of$salt$hash', /unknown kind/u],
  ['_J9..CCCCXBrJUJV154M', /BSDi/u],
  ['secret', /no known form/u],
] as const)
  test(`${stored.slice(0, 20)}... is refused with a way out`, () => assertRefused(stored, name));
