// Secrets of SCRAM: derived, written and read as the RFCs say, proofs that are checked, and passwords prepared by SASLprep.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { checkPassword } from '../../src/password/check-password.ts';
import { generatePassword, newPassword, scramIterations } from '../../src/password/new-password.ts';
import { parseHash } from '../../src/password/parse-hash.ts';
import { saslprep } from '../../src/password/saslprep.ts';
import { checkScramProof, formatScramSecret, scramSecretOf } from '../../src/password/scram.ts';

interface Vector {
  readonly name: string;
  readonly mechanism: string;
  readonly password: string;
  readonly salt: string;
  readonly iterations: number;
  readonly client_first: string;
  readonly server_first: string;
  readonly client_final: string;
  readonly server_final: string;
  readonly stored_key: string;
  readonly server_key: string;
}

const file = new URL('../../../shared/suites/scram/vectors.json', import.meta.url);

if (existsSync(file)) {
  for (const vector of JSON.parse(readFileSync(file, 'utf8')) as readonly Vector[])
    test(`SCRAM: ${vector.name}`, () => {
      const secret = scramSecretOf(vector.password, {
        algorithm: vector.mechanism.startsWith('SCRAM-SHA-1') ? 'sha1' : 'sha256',
        iterations: vector.iterations,
        salt: Buffer.from(vector.salt, 'base64'),
      });
      assert.equal(Buffer.from(secret.storedKey).toString('base64'), vector.stored_key);
      assert.equal(Buffer.from(secret.serverKey).toString('base64'), vector.server_key);
      const [, , , bare = ''] = /^([^,]*),([^,]*),(.*)$/su.exec(vector.client_first) ?? [];
      const [, finalWithoutProof = '', proof = ''] = /^(.*),p=(.*)$/su.exec(vector.client_final) ?? [];
      const authMessage = `${bare},${vector.server_first},${finalWithoutProof}`;
      const bytes = Buffer.from(proof, 'base64');
      const signature = checkScramProof(secret, authMessage, bytes);
      assert.equal(`v=${signature?.toString('base64')}`, vector.server_final);
      bytes[0] = (bytes[0] ?? 0) ^ 1;
      assert.equal(checkScramProof(secret, authMessage, bytes), undefined);
      assert.equal(checkScramProof(secret, `${authMessage}x`, Buffer.from(proof, 'base64')), undefined);
      assert.equal(checkScramProof(secret, authMessage, bytes.subarray(1)), undefined);
    });
} else {
  test('the vectors of SCRAM', { skip: 'shared/suites/scram is not there' }, () => undefined);
}

test('a secret is read as it was written', () => {
  const secret = scramSecretOf('pencil', {
    algorithm: 'sha256',
    iterations: 4096,
    salt: Buffer.from('salt'),
  });
  assert.deepEqual(parseHash(formatScramSecret(secret)), {
    kind: 'hash',
    hash: { kind: 'scram', ...secret },
  });
});

test('a new password is stored as Argon2id and as a secret of SCRAM, both of which it fits', () => {
  const { password, scram } = newPassword('Grüße 42');
  assert.match(password, /^\$argon2id\$v=19\$m=65536,t=3,p=1\$/u);
  assert.ok(scram.startsWith(`SCRAM-SHA-256$${scramIterations}:`));
  for (const stored of [password, scram]) {
    const read = parseHash(stored);
    assert.ok(read.kind === 'hash');
    assert.ok(checkPassword(read.hash, 'Grüße 42'));
    assert.ok(!checkPassword(read.hash, 'Grüße 43'));
  }
});

test('the same password is never stored in the same form twice', () => {
  const [one, two] = [newPassword('same'), newPassword('same')];
  assert.notEqual(one.password, two.password);
  assert.notEqual(one.scram, two.scram);
});

test('no password is stored that no log-in could send', () => {
  for (const password of ['', 'a\0b', 'line\nend', 'a'.repeat(513)])
    assert.throws(() => newPassword(password), RangeError);
});

test('a generated password has twenty characters, and is another each time', () => {
  const password = generatePassword();
  assert.match(password, /^(?:[a-kmnp-z2-9]{5}-){3}[a-kmnp-z2-9]{5}$/u);
  assert.notEqual(password, generatePassword());
});

// RFC 4013 3
for (const [text, prepared] of [
  ['I\u00adX', 'IX'],
  ['user', 'user'],
  ['USER', 'USER'],
  ['\u00aa', 'a'],
  ['\u2168', 'IX'],
  ['\u0007', undefined],
  ['\u0627\u0031', undefined],
  ['\u00a0', ' '],
  ['\u0627\u0031\u0628', '\u0627\u0031\u0628'],
] as const)
  test(`SASLprep of ${JSON.stringify(text)}`, () => assert.equal(saslprep(text), prepared));

test('a password typed with a compatibility character fits the secret of the plain one', () => {
  const secret = scramSecretOf('IX', { algorithm: 'sha256', iterations: 1, salt: Buffer.from('salt') });
  assert.ok(checkPassword({ kind: 'scram', ...secret }, '\u2168'));
});
