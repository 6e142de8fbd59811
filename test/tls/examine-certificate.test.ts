// What is read of a certificate and its key, and which mistakes are found in them.

import assert from 'node:assert/strict';
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { CertificateError } from '../../src/tls/certificate-error.ts';
import { type CertificateTexts, examineCertificate } from '../../src/tls/examine-certificate.ts';
import { makeAuthority, selfSigned } from '../support/certificates.ts';

const files = { chainFile: '/etc/chain.pem', keyFile: '/etc/key.pem' };
const root = makeAuthority({ name: 'Root' });
const intermediate = root.intermediate('Middle');
const good = intermediate.issue({ names: ['mx.example.com', '*.example.net'] });

function examine(texts: Partial<CertificateTexts>) {
  return examineCertificate({ ...files, chain: good.chain, key: good.key, ...texts });
}

function assertRefused(texts: Partial<CertificateTexts>, code: string, message: RegExp): void {
  assert.throws(
    () => examine(texts),
    (error) => {
      assert.ok(error instanceof CertificateError);
      assert.equal(error.code, code);
      assert.match(error.message, message);
      assert.notEqual(error.advice, '');
      return true;
    },
  );
}

test('names, dates, key and fingerprints are read from the certificate', () => {
  const { facts, served } = examine({});
  const { fingerprint, keyFingerprint } = good;
  assert.deepEqual(
    { ...facts, fromMs: 0, untilMs: 0 },
    {
      file: '/etc/chain.pem',
      names: ['mx.example.com', '*.example.net'],
      keyType: 'ecdsa',
      keySize: 'P-256',
      issuer: 'Middle',
      fromMs: 0,
      untilMs: 0,
      fingerprint,
      keyFingerprint,
    },
  );
  assert.equal(served.chain, good.chain);
  assert.deepEqual(examine({ names: ['other.test'] }).facts.names, ['other.test']);
});

test('text around the blocks, RSA keys and keys in the forms of before are read', () => {
  const rsa = root.issue({ keyType: 'rsa' });
  const pkcs1 = createPrivateKey(rsa.key).export({ type: 'pkcs1', format: 'pem' });
  const { facts } = examine({ chain: `subject=/CN=x\r\n${rsa.chain}`, key: pkcs1 });
  assert.deepEqual([facts.keyType, facts.keySize], ['rsa', '2048 bits']);
  const sec1 = createPrivateKey(good.key).export({ type: 'sec1', format: 'pem' });
  const parameters = '-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n';
  assert.equal(examine({ key: parameters + sec1 }).facts.keyType, 'ecdsa');
  const both = good.key + good.chain;
  assert.equal(examine({ chain: both, key: both }).served.key.trim(), good.key.trim());
});

test('files without what they should hold are refused', () => {
  assertRefused(
    { chain: '' },
    'CERTIFICATE_FORM',
    /^Reading the certificates in \/etc\/chain\.pem: the file holds no certificate in PEM form\.$/u,
  );
  assertRefused({ chain: good.key }, 'CERTIFICATE_FORM', /holds no certificate/u);
  assertRefused(
    { key: good.chain },
    'CERTIFICATE_FORM',
    /^Reading the private key in \/etc\/key\.pem: the file holds no private key in PEM form\.$/u,
  );
  const damaged = good.chain.replace(/\n[A-Za-z0-9+/]{20}/u, '\nAAAA');
  assertRefused({ chain: damaged }, 'CERTIFICATE_FORM', /number 1 is damaged/u);
  assertRefused(
    { key: good.key.replace(/\nM[A-Za-z0-9+/]{20}/u, '\nAAAA') },
    'CERTIFICATE_FORM',
    /it is damaged/u,
  );
});

test('an encrypted key is refused, in both forms', () => {
  const key = createPrivateKey(good.key);
  const encrypted = { format: 'pem', cipher: 'aes-256-cbc', passphrase: 'secret' } as const;
  for (const type of ['pkcs8', 'sec1'] as const) {
    const text = key.export({ type, ...encrypted });
    assertRefused({ key: text }, 'CERTIFICATE_KEY_ENCRYPTED', /it is encrypted/u);
  }
});

test('a key of another certificate is refused', () => {
  assertRefused({ key: root.issue().key }, 'CERTIFICATE_KEY_OTHER', /does not belong to the certificate/u);
});

test('a chain in the wrong order is refused, with the number of the certificate', () => {
  const [leaf, middle] = [good.certificate, intermediate.certificate];
  assertRefused({ chain: middle + leaf }, 'CERTIFICATE_ORDER', /the certificate of the key is number 2/u);
  const reversed = leaf + root.certificate + middle;
  assertRefused({ chain: reversed }, 'CERTIFICATE_ORDER', /number 2 is not the issuer of number 1/u);
  assert.equal(examine({ chain: leaf + middle + root.certificate }).facts.issuer, 'Middle');
});

test('keys that are too weak, or of a type that few clients know, are refused', () => {
  const weak = selfSigned({ keyType: 'rsa', rsaBits: 512 });
  assertRefused(
    { chain: weak.chain, key: weak.key },
    'CERTIFICATE_REFUSED',
    /OpenSSL refuses it \(.*key too small\)/u,
  );
  const { privateKey } = generateKeyPairSync('ed25519');
  assertRefused(
    { key: privateKey.export({ type: 'pkcs8', format: 'pem' }) },
    'CERTIFICATE_KEY_OTHER',
    /does not belong/u,
  );
});

test('no message holds anything of a key', () => {
  const secret = good.key.split('\n')[1] ?? '';
  const attempts: readonly Partial<CertificateTexts>[] = [
    { chain: good.key },
    { key: good.key.replaceAll('PRIVATE', 'PUBLIC') },
    { key: good.key.replace('\nM', '\nA') },
    { chain: root.issue().chain },
  ];
  for (const attempt of attempts) {
    assert.throws(
      () => examine(attempt),
      (error) =>
        error instanceof Error &&
        !`${String(error.stack)}${String(error.cause)}`.includes(secret.slice(4, 20)),
    );
  }
});
