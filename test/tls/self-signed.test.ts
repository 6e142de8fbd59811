// The certificate that Sluice signs itself: made once, kept, and renewed in time with the same key.

import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { selfSignedFor, storedForm } from '../../src/tls/self-signed.ts';

const dayMs = 86_400_000;
const now = Date.UTC(2027, 0, 1);

test('a certificate is made for the name of the host, and is kept as it was stored', () => {
  const made = selfSignedFor('Mail.Example.com', '', now);
  assert.deepEqual(made.facts.names, ['mail.example.com']);
  assert.equal(made.facts.file, '');
  const certificate = new X509Certificate(made.served.chain);
  assert.ok(certificate.verify(certificate.publicKey));
  assert.deepEqual(selfSignedFor('mail.example.com', storedForm(made), now + 300 * dayMs), made);
});

test('it is renewed before it ends, and for another name, with the same key', () => {
  const made = selfSignedFor('mail.example.com', '', now);
  for (const renewed of [
    selfSignedFor('mail.example.com', storedForm(made), now + 340 * dayMs),
    selfSignedFor('mail.example.com', storedForm(made), now - 10 * dayMs),
    selfSignedFor('other.example.com', storedForm(made), now),
  ]) {
    assert.notEqual(renewed.facts.fingerprint, made.facts.fingerprint);
    assert.equal(renewed.facts.keyFingerprint, made.facts.keyFingerprint);
  }
});

test('another one is made when what is stored is damaged', () => {
  const made = selfSignedFor('mail.example.com', 'rubbish', now);
  const cut = storedForm(made).slice(0, -100);
  assert.notEqual(
    selfSignedFor('mail.example.com', cut, now).facts.keyFingerprint,
    made.facts.keyFingerprint,
  );
});

test('a name that is too long for a common name stands in the alternative names', () => {
  const host = `${'a'.repeat(63)}.${'b'.repeat(63)}.example.com`;
  assert.deepEqual(selfSignedFor(host, '', now).facts.names, [host]);
});
