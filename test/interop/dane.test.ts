// DANE with real programs: zones signed by ldns-signzone on nsd, validated by unbound, and Postfix as the server. What is asserted is
// what becomes of a message (RFC 7672).

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { freePort, Ground, until } from '../../sim/neighbours/ground.ts';
import { startPostfix, withoutPostfix } from '../../sim/neighbours/postfix.ts';
import { startSignedDns, withoutSignedDns } from '../../sim/neighbours/signed-dns.ts';
import { startSluice, type Sluice, type SluiceEvent } from '../../sim/neighbours/sluice.ts';
import { makeAuthority } from '../support/certificates.ts';
import { send } from './mail.ts';

const root = makeAuthority({ name: 'Root' });
const leaf = root.issue({ names: ['mx.ta.signed.test'] });
const wrong = '00'.repeat(32);
const forged = 'f0'.repeat(32);

/** The domain, its MX host below it on 127.0.0.1, and the host's TLSA record. */
const domain = (name: string, port: number, tlsa?: string): string =>
  `${name} MX 10 mx.${name}\nmx.${name} A 127.0.0.1\n${tlsa === undefined ? '' : `_${port}._tcp.mx.${name} TLSA ${tlsa}\n`}`;

suite('DANE', { skip: withoutSignedDns() || withoutPostfix() }, () => {
  let ground: Ground;
  let sluice: Sluice;

  before(async () => {
    ground = new Ground();
    const port = await freePort();
    const delegated = 'plain NS ns.plain\nns.plain A 127.0.0.1\n';
    const dns = await startSignedDns(ground, {
      signed: {
        'signed.test': [
          delegated,
          domain('ee', port, `3 1 1 ${leaf.keyFingerprint}`),
          domain('ta', port, `2 0 1 ${root.fingerprint}`),
          domain('name', port, `2 0 1 ${root.fingerprint}`),
          domain('wrong', port, `3 1 1 ${wrong}`),
          domain('forged', port, `3 1 1 ${forged}`),
          domain('missing', port),
          domain('unusable', port, `1 0 1 ${wrong}`),
          `alias MX 10 mx.alias\nmx.alias CNAME host.alias\nhost.alias A 127.0.0.1\n_${port}._tcp.host.alias TLSA 3 1 1 ${leaf.keyFingerprint}\n`,
          `first MX 10 mx.first\nmx.first CNAME mx.plain\n_${port}._tcp.mx.first TLSA 3 1 1 ${leaf.keyFingerprint}\n`,
          `pointer MX 10 mx.pointer\nmx.pointer A 127.0.0.1\n_${port}._tcp.mx.pointer CNAME _${port}._tcp.mx.ee\n`,
          'outside MX 10 mx.plain\n',
          `implicit A 127.0.0.1\n_${port}._tcp.implicit TLSA 3 1 1 ${leaf.keyFingerprint}\n`,
          `second MX 10 mx.wrong\nsecond MX 20 mx.ee\n`,
        ].join(''),
        'hashed.test': `${domain('ee', port, `3 1 1 ${leaf.keyFingerprint}`)}${domain('missing', port)}`,
      },
      hashed: ['hashed.test'],
      unsigned: {
        'plain.signed.test': `@ MX 10 mx.plain.signed.test.\nmx A 127.0.0.1\n_${port}._tcp.mx TLSA 3 1 1 ${wrong}\n`,
      },
      // The signature of this record is about another one now.
      forge: (zone) => zone.replace(forged, leaf.keyFingerprint),
    });
    const folder = ground.folder('certificate');
    const pem = join(folder, 'chain.pem');
    writeFileSync(pem, `${leaf.key}${leaf.certificate}${root.certificate}`, { mode: 0o600 });
    await startPostfix(ground, 'postfix', {
      port,
      main: {
        smtpd_tls_security_level: 'may',
        smtpd_tls_chain_files: pem,
        default_transport: 'discard',
        relay_transport: 'discard',
      },
    });
    sluice = await startSluice(ground, {
      config: {
        dns: { servers: [`127.0.0.1:${dns.port}`], validating: true },
        deliver: { port, ipv6: false },
        queue: { retry: ['1h'] },
      },
    });
  });
  after(() => ground.end());

  const deliver = async (to: string): Promise<SluiceEvent> => {
    await send(sluice.port, {
      from: 'a@client.test',
      to: [to],
      content: `Message-ID: <${to}>\r\n\r\nHello\r\n`,
    });
    return until(`an outcome for ${to}`, () =>
      sluice
        .events()
        .find((one) => one['to'] === to && ['delivered', 'bounced', 'deferred'].includes(one.event ?? '')),
    );
  };
  const arrives = (what: string, name: string, verification: string, zone = 'signed.test'): Promise<void> =>
    test(what, async () => {
      const outcome = await deliver(`user@${name}.${zone}`);
      assert.equal(outcome.event, 'delivered', JSON.stringify(outcome));
      assert.match(String(outcome['tlsVersion']), /^TLSv1\.[23]$/u);
      assert.equal(outcome['tlsVerification'], verification);
    });
  const waits = (what: string, name: string, reason: RegExp): Promise<void> =>
    test(what, async () => {
      const outcome = await deliver(`user@${name}.signed.test`);
      assert.equal(outcome.event, 'deferred', JSON.stringify(outcome));
      assert.match(JSON.stringify(outcome), reason);
    });

  arrives('3 1 1 matches the key', 'ee', 'dane-ee');
  arrives('2 0 1 matches an authority that the server sends', 'ta', 'dane-ta');
  waits('2 0 1 does not match a certificate for another name', 'name', /is not for/u);
  waits('a wrong digest holds the mail', 'wrong', /matches no TLSA record/u);
  waits('a record whose signature is wrong holds the mail', 'forged', /SERVFAIL/u);
  arrives('without a record TLS is opportunistic', 'missing', 'unverified');
  arrives('a record is found in a zone with NSEC3', 'ee', 'dane-ee', 'hashed.test');
  arrives('and so is the lack of one', 'missing', 'unverified', 'hashed.test');
  arrives('records of usage 1 alone demand TLS with any certificate', 'unusable', 'none');
  arrives('a host that is an alias has the records of its last name', 'alias', 'dane-ee');
  arrives('a signed alias of an unsigned host has the records of its first name', 'first', 'dane-ee');
  arrives('a record may be an alias', 'pointer', 'dane-ee');
  arrives('records of an unsigned zone count for nothing', 'plain', 'unverified');
  arrives('nor do those of an unsigned host that a signed domain names', 'outside', 'unverified');
  arrives('a domain without MX is its own host', 'implicit', 'dane-ee');
  arrives('the next host takes the mail when one has a wrong digest', 'second', 'dane-ee');
});
