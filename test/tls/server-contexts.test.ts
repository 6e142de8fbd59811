// Which certificate a client gets, by the name that it asks for and the algorithms that it knows; which versions and ciphers are
// spoken; and who resumes whose sessions.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import type * as tls from 'node:tls';
import type { KeyType } from '../../src/tls/certificate-facts.ts';
import { LiveCertificates } from '../../src/tls/live-certificates.ts';
import type { ListenerTls } from '../../src/tls/server-contexts.ts';
import type { ServedCertificate, TlsMaterial } from '../../src/tls/tls-material.ts';
import { makeAuthority } from '../support/certificates.ts';
import { serveTls } from './handshake.ts';

const plain: ListenerTls = { minVersion: 'TLSv1.2', clientCertificates: false };
const authority = makeAuthority();
const versions = ['TLSv1.2', 'TLSv1.3'] as const;

function served(names: readonly string[], keyType: KeyType = 'ecdsa'): ServedCertificate {
  const { chain, key } = authority.issue({ names, keyType });
  return { chain, key, keyType, names };
}

function materialOf(
  certificates: TlsMaterial['certificates'],
  current = newTicketKey(),
  former = '',
): TlsMaterial {
  return { certificates, ticketKeys: { current, former }, authorities: {} };
}

function newTicketKey(): string {
  return randomBytes(48).toString('base64');
}

async function serve(t: TestContext, material: TlsMaterial, listener = plain) {
  const live = new LiveCertificates(material);
  const server = await serveTls(
    live.forListener(listener),
    listener.clientCertificates,
    (socket) => socket.getPeerX509Certificate()?.subject,
  );
  t.after(() => server.close());
  return { ...server, live };
}

function only(version: tls.SecureVersion): tls.ConnectionOptions {
  return { minVersion: version, maxVersion: version };
}

test('a client gets the certificate of the name that it asks for, else the first', async (t) => {
  const server = await serve(
    t,
    materialOf([
      served(['mx.example.com']),
      served(['mx.example.net', '*.example.org']),
      served(['mail.example.org']),
    ]),
  );
  const asked: readonly (readonly [servername: string, got: string])[] = [
    ['mx.example.com', 'DNS:mx.example.com'],
    ['mx.example.net', 'DNS:mx.example.net, DNS:*.example.org'],
    ['MX.Example.NET', 'DNS:mx.example.net, DNS:*.example.org'],
    ['a.example.org', 'DNS:mx.example.net, DNS:*.example.org'],
    ['mail.example.org', 'DNS:mail.example.org'],
    ['a.b.example.org', 'DNS:mx.example.com'],
    ['example.org', 'DNS:mx.example.com'],
    ['unknown.test', 'DNS:mx.example.com'],
    ['', 'DNS:mx.example.com'],
  ];
  for (const [servername, got] of asked) {
    for (const version of versions) {
      const { names } = await server.connect({ servername, ...only(version) });
      assert.equal(names, got, `${servername} with ${version}`);
    }
  }
});

test('of an RSA and an ECDSA certificate, a client gets the one that it can check; by another name it gets RSA', async (t) => {
  const server = await serve(
    t,
    materialOf([served(['a.test'], 'rsa'), served(['b.test'], 'rsa'), served(['a.test', 'b.test'], 'ecdsa')]),
  );
  for (const version of versions) {
    for (const servername of ['a.test', 'unknown.test', '']) {
      const options = { servername, ...only(version) };
      assert.equal((await server.connect(options)).keyType, 'ec', `${servername}, ${version}`);
      assert.equal(
        (await server.connect({ ...options, sigalgs: 'RSA-PSS+SHA256:RSA+SHA256' })).keyType,
        'rsa',
      );
      assert.equal((await server.connect({ ...options, sigalgs: 'ECDSA+SHA256' })).keyType, 'ec');
    }
    const { keyType, names } = await server.connect({ servername: 'b.test', ...only(version) });
    assert.deepEqual([keyType, names], ['rsa', 'DNS:b.test']);
  }
});

test('TLS below the least version is refused, and ciphers have forward secrecy', async (t) => {
  const material = materialOf([served(['a.test'], 'rsa')]);
  const [usual, strict] = [
    await serve(t, material),
    await serve(t, material, { ...plain, minVersion: 'TLSv1.3' }),
  ];
  const old: tls.ConnectionOptions = { minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' };
  await assert.rejects(usual.connect({ ...old, maxVersion: 'TLSv1.1' }));
  assert.equal((await usual.connect(only('TLSv1.2'))).protocol, 'TLSv1.2');
  await assert.rejects(usual.connect({ ...only('TLSv1.2'), ciphers: 'AES128-GCM-SHA256' }));
  await assert.rejects(strict.connect(only('TLSv1.2')));
  assert.equal((await strict.connect()).protocol, 'TLSv1.3');
});

test('a session is resumed by another process that has the same ticket keys, and by no other', async (t) => {
  const certificates: TlsMaterial['certificates'] = [served(['a.test']), served(['b.test'])];
  const ticketKeys = newTicketKey();
  const first = await serve(t, materialOf(certificates, ticketKeys));
  const second = await serve(t, materialOf(certificates, ticketKeys));
  const stranger = await serve(t, materialOf(certificates));
  for (const version of versions) {
    for (const servername of ['a.test', 'b.test']) {
      const options = { servername, ...only(version) };
      const { session } = await first.connect(options);
      assert.ok(session !== undefined);
      assert.equal(
        (await second.connect({ ...options, session })).isResumed,
        true,
        `${servername}, ${version}`,
      );
      assert.equal((await stranger.connect({ ...options, session })).isResumed, false);
    }
  }
});

test('a session goes on over a change of ticket keys, and gets a ticket by the new one; two changes end it', async (t) => {
  const certificates = [served(['a.test']), served(['b.test'])];
  const [first, second, third] = [newTicketKey(), newTicketKey(), newTicketKey()];
  for (const version of versions) {
    for (const servername of ['a.test', 'b.test']) {
      const what = `${servername}, ${version}`;
      const options = { servername, ...only(version) };
      const server = await serve(t, materialOf(certificates, first));
      const { session } = await server.connect(options);
      server.live.use(materialOf(certificates, second, first));
      const resumed = await server.connect({ ...options, session });
      assert.equal(resumed.isResumed, true, what);
      assert.ok(resumed.session !== undefined);
      const fresh = await server.connect(options);
      server.live.use(materialOf(certificates, third, second));
      assert.equal((await server.connect({ ...options, session })).isResumed, false, what);
      assert.equal((await server.connect({ ...options, session: resumed.session })).isResumed, true, what);
      assert.equal((await server.connect({ ...options, session: fresh.session })).isResumed, true, what);
    }
  }
});

test('tickets by the key in use and by the key before it are taken by a process that came later', async (t) => {
  const certificates = [served(['a.test'])];
  const [first, second] = [newTicketKey(), newTicketKey()];
  const old = await serve(t, materialOf(certificates, first));
  const { session } = await old.connect();
  old.live.use(materialOf(certificates, second, first));
  const changed = await old.connect();
  const late = await serve(t, materialOf(certificates, second, first));
  assert.equal((await late.connect({ session })).isResumed, true);
  assert.equal((await late.connect({ session: changed.session })).isResumed, true);
  const later = await serve(t, materialOf(certificates, second));
  assert.equal((await later.connect({ session: changed.session })).isResumed, true);
  assert.equal((await later.connect({ session })).isResumed, false);
});

test('other ticket keys end resumption with one whole handshake; a renewed certificate does not', async (t) => {
  const ticketKeys = newTicketKey();
  const server = await serve(t, materialOf([served(['a.test'])], ticketKeys));
  const { session } = await server.connect();
  server.live.use(materialOf([served(['renewed.test'])], ticketKeys));
  assert.equal((await server.connect({ session })).isResumed, true);
  assert.equal((await server.connect()).names, 'DNS:renewed.test');
  server.live.use(materialOf([served(['renewed.test'])]));
  const next = await server.connect({ session });
  assert.equal(next.isResumed, false);
  assert.equal((await server.connect({ session: next.session })).isResumed, true);
});

test('where clients are asked for certificates, each handshake shows one: nothing is resumed', async (t) => {
  const listener: ListenerTls = { ...plain, clientCertificates: true };
  const server = await serve(t, materialOf([served(['a.test'])]), listener);
  const client = authority.issue({ names: ['client.test'] });
  for (const version of versions) {
    const options = { cert: client.chain, key: client.key, ...only(version) };
    const { session, seen } = await server.connect(options);
    assert.equal(seen, 'CN=client.test');
    const next = await server.connect({ ...options, session });
    assert.equal(next.isResumed, false, version);
    assert.equal(next.seen, 'CN=client.test');
    assert.equal((await server.connect({ ...only(version), session })).seen, undefined);
  }
});

test('listeners with the same settings share their contexts, and a name has one until certificates change', () => {
  const material = materialOf([served(['a.test']), served(['b.test'])]);
  const live = new LiveCertificates(material);
  const [one, other] = [live.forListener(plain), live.forListener({ ...plain })];
  const strict = live.forListener({ ...plain, minVersion: 'TLSv1.3' });
  assert.equal(one.defaultContext, other.defaultContext);
  assert.notEqual(one.defaultContext, strict.defaultContext);
  const context = one.contextFor('b.test');
  assert.ok(context !== undefined);
  assert.equal(other.contextFor('B.TEST.'), context);
  live.use(material);
  assert.notEqual(one.contextFor('b.test'), context);
});

test('certificates that cannot be used leave those of before in force', () => {
  const live = new LiveCertificates(materialOf([served(['a.test']), served(['b.test'])]));
  const certificates = live.forListener(plain);
  const { defaultContext } = certificates;
  const bad = { ...served(['a.test']), chain: 'rubbish' };
  live.use(materialOf([bad]));
  assert.equal(certificates.defaultContext, defaultContext);
  live.use(materialOf([served(['a.test']), { ...bad, names: ['b.test'] }]));
  assert.notEqual(certificates.defaultContext, defaultContext);
  assert.equal(certificates.contextFor('b.test'), undefined);
});
