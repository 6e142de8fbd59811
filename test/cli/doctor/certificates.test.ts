// Certificates, as `sluice doctor` judges them, and as it finds them.

import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  type CertificateChecks,
  certificateFindings,
  type OneCertificate,
} from '../../../src/cli/doctor/certificates.ts';
import { startDnsServer } from '../../../sim/dns/dns-server.ts';
import { makeAuthority } from '../../support/certificates.ts';
import { examined, ground } from './ground.ts';

const dayMs = 86_400_000;
const nowMs = Date.UTC(2026, 10, 29);
const leaf: OneCertificate = {
  file: '/c.pem',
  keyFile: '/c.key',
  names: ['mail.example.com', '*.example.net'],
  fromMs: nowMs - 30 * dayMs,
  untilMs: nowMs + 60 * dayMs,
  isKeyOpenToAll: false,
  chainCode: '',
  lacksIssuer: false,
};
const good: CertificateChecks = {
  unusable: [],
  unseen: [],
  certificates: [leaf],
  seenBy: 'servers',
  names: [
    { name: 'mail.example.com', why: 'the hostname' },
    { name: 'mx.example.net', why: 'an MX host' },
  ],
  tlsa: [{ name: 'mail.example.com', file: '/c.pem', match: { kind: 'dane-ee' } }],
};
const one = (change: Partial<OneCertificate>): Partial<CertificateChecks> => ({
  certificates: [{ ...leaf, ...change }],
});
const untrusted = { chainCode: 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY' };

const cases: readonly (readonly [
  name: string,
  change: Partial<CertificateChecks>,
  expected: readonly string[],
])[] = [
  ['all is well', {}, []],
  ['files that cannot be used', { unusable: ['Bad.'] }, ['certificates-unusable error']],
  ['files of root', { unseen: ['Reading /c.key: this user may not read it.'] }, ['not-seen note']],
  [
    'expired, which OpenSSL says, too',
    one({ untilMs: nowMs, chainCode: 'CERT_HAS_EXPIRED' }),
    ['certificates-expired error'],
  ],
  ['not valid yet', one({ fromMs: nowMs + 1 }), ['certificates-early error']],
  ['not renewed', one({ untilMs: nowMs + 5 * dayMs }), ['certificates-soon warning']],
  ['a key for everybody', one({ isKeyOpenToAll: true }), ['certificates-key warning']],
  ['without the issuer', one({ ...untrusted, lacksIssuer: true }), ['certificates-chain warning']],
  ['of an authority of our own', one(untrusted), ['certificates-trust note']],
  ['the same for users', { ...one(untrusted), seenBy: 'users' }, ['certificates-trust warning']],
  ['the same where nobody sees it', { ...one(untrusted), seenBy: 'nobody' }, []],
  ['none, for servers', { certificates: [], tlsa: [] }, ['certificates-own note']],
  ['none, for users', { certificates: [], tlsa: [], seenBy: 'users' }, ['certificates-own warning']],
  ['none, where nobody sees it', { certificates: [], tlsa: [], seenBy: 'nobody' }, []],
  ['for other names', one({ names: ['example.net', '*.example.com'] }), ['certificates-name warning']],
  [
    'TLSA records of another one',
    {
      tlsa: [
        { name: 'a', file: '/c.pem', match: { kind: 'failed', result: 'validation-failure', reason: 'no' } },
      ],
    },
    ['certificates-dane error'],
  ],
];
for (const [name, change, expected] of cases) {
  test(name, () => {
    assert.deepEqual(
      certificateFindings({ ...good, ...change }, nowMs).map(({ code, severity }) => `${code} ${severity}`),
      expected,
    );
  });
}

test('certificates are read, tried with the authorities of the system, and compared with TLSA records', async (t) => {
  const authority = makeAuthority();
  const own = authority.issue({ names: ['mail.example.com'] });
  const dns = await startDnsServer({ zone: { arpa: {} } });
  t.after(() => dns.close());
  const text = `[dns]\nservers = ["127.0.0.1:${dns.port}"]\n[[listen]]\naddress = "0.0.0.0:0"\n[[certificate]]\nchain = "c.pem"\nkey = "c.key"\n`;
  const { config, folder } = ground(t, text);
  writeFileSync(join(folder, 'c.pem'), own.chain);
  writeFileSync(join(folder, 'c.key'), own.key, { mode: 0o600 });
  const found = async (): Promise<string[]> =>
    (await examined(config, ['certificates'])).findings.map(({ code, severity }) => `${code} ${severity}`);
  // The system does not know the authority of this test.
  const untrustedOnly = ['certificates-trust note'];
  dns.set('_25._tcp.mail.example.com', {
    tlsa: [{ usage: 3, selector: 1, matchingType: 1, data: own.keyFingerprint }],
  });
  assert.deepEqual(await found(), untrustedOnly);
  dns.set('_25._tcp.mail.example.com', {
    tlsa: [{ usage: 3, selector: 1, matchingType: 1, data: authority.keyFingerprint }],
  });
  chmodSync(join(folder, 'c.key'), 0o644);
  assert.deepEqual(await found(), ['certificates-dane error', 'certificates-key warning', ...untrustedOnly]);
  writeFileSync(join(folder, 'c.pem'), 'nothing');
  assert.deepEqual(await found(), ['certificates-unusable error']);
});
