// Which addresses of a user are in a certificate, and what is no address of anybody.

import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { chainCertificate } from '../../src/tls/certificate-chain.ts';
import { usersOfCertificate } from '../../src/tls/certificate-users.ts';
import { LoginCertificates } from '../../src/tls/login-certificates.ts';
import {
  clientAuth,
  oddAuthority,
  type OddLeafChoice,
  serverAuth,
  strangeExtension,
} from '../support/odd-certificates.ts';

const authority = oddAuthority();

function usersIn(choice: OddLeafChoice): readonly string[] {
  return usersOfCertificate(new X509Certificate(authority.issue(choice).certificate));
}

test('the alternative name comes first, then the address in the subject, then the common name', () => {
  const all = {
    mail: ['a@example.com', 'b@example.com'],
    emailAddress: 'c@example.com',
    names: ['d@example.com'],
  };
  assert.deepEqual(usersIn(all), ['a@example.com', 'b@example.com']);
  assert.deepEqual(usersIn({ ...all, mail: [] }), ['c@example.com']);
  assert.deepEqual(usersIn({ names: ['d@example.com'] }), ['d@example.com']);
  assert.deepEqual(usersIn({ names: ['Joe Doe'] }), []);
});

test('what hides something behind an address is no address', () => {
  for (const mail of [
    'joe@example.com\0.evil.example',
    'joe@example.com\n',
    'joe@example.com, email:boss@example.com',
    'joe@@example.com',
    '"joe"@example.com',
    '@example.com',
    'joe@',
    `${'x'.repeat(320)}@example.com`,
  ]) {
    assert.deepEqual(usersIn({ mail: [mail], names: ['x'] }), [], JSON.stringify(mail));
    assert.deepEqual(usersIn({ emailAddress: mail, names: ['x'] }), [], JSON.stringify(mail));
    // Nor does another name of the certificate count in its place.
    const boss = 'boss@example.com';
    const others = { emailAddress: boss, names: [boss] };
    assert.deepEqual(usersIn({ ...others, mail: [mail] }), [], JSON.stringify(mail));
    assert.deepEqual(usersIn({ ...others, emailAddress: mail }), [], JSON.stringify(mail));
  }
});

test('only a valid certificate of the authority names somebody', () => {
  const anchor = chainCertificate(new X509Certificate(authority.certificate).raw, true);
  const logins = new LoginCertificates(() => (anchor === undefined ? [] : [anchor]));
  assert.ok(logins.areWanted);
  const mail = ['joe@example.com'];
  const shows = (certificate: string) =>
    logins.usersOf({ getPeerX509Certificate: () => new X509Certificate(certificate) });
  assert.deepEqual(shows(authority.issue({ mail, purposes: [clientAuth] }).certificate), mail);
  assert.deepEqual(shows(authority.issue({ mail }).certificate), mail);
  for (const bad of [
    oddAuthority().issue({ mail }),
    authority.issue({ mail, purposes: [serverAuth] }),
    authority.issue({ mail, critical: strangeExtension }),
    authority.issue({ mail, rsaBits: 1024 }),
  ])
    assert.deepEqual(shows(bad.certificate), []);
  assert.deepEqual(logins.usersOf({ getPeerX509Certificate: () => undefined }), []);
  assert.deepEqual(
    new LoginCertificates().usersOf({ getPeerX509Certificate: () => assert.fail('nobody asked for it') }),
    [],
  );
});
