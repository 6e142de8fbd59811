// What `sluice tls` shows to people of an answer.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { servedText } from '../../src/cli/tls.ts';
import type { CertificateFacts } from '../../src/tls/certificate-facts.ts';

const dayMs = 86_400_000;
const nowMs = Date.UTC(2027, 0, 1);
const certificate: CertificateFacts = {
  file: '/etc/mx.pem',
  names: ['mx.test', '*.example.net'],
  keyType: 'rsa',
  keySize: '2048 bits',
  issuer: 'Authority',
  fromMs: nowMs - dayMs,
  untilMs: nowMs + 90 * dayMs,
  fingerprint: 'ab'.repeat(32),
  keyFingerprint: 'cd'.repeat(32),
};

test('each certificate is shown with names, key, dates, fingerprints and a TLSA record, then the listeners', () => {
  const self = { ...certificate, file: '', names: [], keyType: 'ecdsa', keySize: 'P-256' } as const;
  const text = servedText({
    nowMs,
    certificates: [certificate, { ...self, untilMs: nowMs - dayMs }, { ...self, fromMs: nowMs + dayMs }],
    listeners: [
      { address: '0.0.0.0:25', protocol: 'smtp', tls: 'offered', asksClients: false },
      { address: '[::]:465', protocol: 'smtp', tls: 'implicit', asksClients: true },
    ],
  });
  assert.equal(
    text,
    `/etc/mx.pem (the default)
  names      mx.test, *.example.net
  key        RSA, 2048 bits
  issued by  Authority
  valid      until 2027-04-01, for 90d
  sha256     ${'ab'.repeat(32)}
  TLSA       3 1 1 ${'cd'.repeat(32)}
Signed by Sluice itself, because there is no [[certificate]]
  key        ECDSA, P-256
  issued by  Authority
  valid      EXPIRED on 2026-12-31, 1d ago
  sha256     ${'ab'.repeat(32)}
  TLSA       3 1 1 ${'cd'.repeat(32)}
Signed by Sluice itself, because there is no [[certificate]]
  key        ECDSA, P-256
  issued by  Authority
  valid      NOT BEFORE 2027-01-02
  sha256     ${'ab'.repeat(32)}
  TLSA       3 1 1 ${'cd'.repeat(32)}

LISTENER    PROTOCOL  TLS       CLIENT CERTIFICATES
0.0.0.0:25  SMTP      offered   -
[::]:465    SMTP      implicit  asked for
`,
  );
});
