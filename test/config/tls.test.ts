// [deliver] tls, [[tls]] and TLS of a [[route]]: what they mean to routing, and mistakes.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { configWarnings } from '../../src/config/check/warnings.ts';
import { loadConfig, parseConfig } from '../../src/config/config.ts';
import { ConfigError } from '../../src/config/read/config-error.ts';
import { tlsRules } from '../../src/settings/tls-rules.ts';
import { makeAuthority } from '../support/certificates.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const digits = '0f1e2d3c4b5a69788796a5b4c3d2e1f0'.repeat(2);

function problemsOf(read: () => unknown): string[] {
  try {
    read();
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(({ line, column, key, message }) => `${line}:${column} ${key}: ${message}`);
  }
}

const mistakes: readonly (readonly [string, string])[] = [
  [
    '[[tls]]\nlevel = "fingerprint"',
    '2:9 tls[1].level: "fingerprint" needs fingerprints: give fingerprints = ["sha256:..."] as well',
  ],
  [
    `[[tls]]\nlevel = "required"\nfingerprints = ["sha256:${digits}"]`,
    '3:16 tls[1].fingerprints: is only for level = "fingerprint", and this table has level = "required"',
  ],
  [
    '[[tls]]\nfingerprints = ["md5:00"]',
    '2:17 tls[1].fingerprints[1]: "md5:00" is not a fingerprint; write "sha256:" and 64 hex digits, as "openssl x509 -noout -fingerprint -sha256" prints them',
  ],
  [
    '[[tls]]\nlevel = "required"\nnames = ["mx.example.com"]',
    '3:9 tls[1].names: is only for level = "verified", and this table has level = "required"',
  ],
  [
    '[[tls]]\nlevel = "dane"',
    '2:9 tls[1].level: "dane" needs a validating resolver: run one on this host, and set validating = true and servers in [dns]',
  ],
  [
    '[[tls]]\nlevel = "dane"\n[deliver]\ndane = "off"\n[dns]\nvalidating = true\nservers = ["127.0.0.1"]',
    '2:9 tls[1].level: "dane" contradicts dane = "off" in [deliver]',
  ],
  [
    '[[tls]]\nlevel = "dane"\ndane = false\n[dns]\nvalidating = true\nservers = ["127.0.0.1"]',
    '3:8 tls[1].dane: must not be false together with level = "dane"',
  ],
  ...['level = "required"', 'names = ["mx.example.com"]', `fingerprints = ["sha256:${digits}"]`].map(
    (line) =>
      [
        `[[tls]]\n${line}\nmin_version = "1.1"`,
        '3:15 tls[1].min_version: must be "1.2" or "1.3" where TLS is demanded (RFC 8996); TLS 1.1 is used at level = "opportunistic" alone, in place of clear text',
      ] as const,
  ),
  [
    '[deliver]\ntls = "verified"\n[[tls]]\nmin_version = "1.0"',
    '4:15 tls[1].min_version: must be "1.2" or "1.3" where TLS is demanded (RFC 8996); TLS 1.0 is used at level = "opportunistic" alone, in place of clear text',
  ],
  [
    '[[tls]]\nlevel = "encrypt"',
    '2:9 tls[1].level: must be "none" or "opportunistic" or "required" or "verified" or "fingerprint" or "dane", not "encrypt"',
  ],
  [
    '[[tls]]\nca = "/nonexistent/ca.pem"',
    '2:6 tls[1].ca: cannot read /nonexistent/ca.pem: it does not exist',
  ],
  [
    '[[tls]]\nciphers = "A B"',
    '2:11 tls[1].ciphers: "A B" is not a list of ciphers; write names with ":" between them, e.g. "ECDHE+AESGCM:ECDHE+CHACHA20"',
  ],
  ...['NOSUCH', 'TLS_NOSUCH', '-ALL'].map(
    (list) =>
      [
        `[[tls]]\nciphers = "${list}"`,
        `2:11 tls[1].ciphers: OpenSSL knows no cipher of "${list}"; \`openssl ciphers -v\` lists the names, e.g. "ECDHE+AESGCM:ECDHE+CHACHA20"`,
      ] as const,
  ),
  [
    '[[route]]\nmx = true\ntls = "required"',
    '3:7 route[1].tls: is only for relay, lmtp, qmqp and qmtp; for mail that goes to MX hosts, write a [[tls]] with domain',
  ],
  [
    '[[route]]\nlmtp = ["unix:/run/lmtp"]\ntls = "required"',
    '3:7 route[1].tls: cannot be had on a Unix-domain socket, which never leaves this host; leave tls out',
  ],
  [
    '[[route]]\nrelay = ["smtps://r.example.net"]\ntls = "none"',
    '3:7 route[1].tls: must be "required" or "verified": on smtps://r.example.net:465 nothing is said before TLS',
  ],
  [
    '[[route]]\nrelay = ["https://r.example.net"]',
    '2:10 route[1].relay[1]: "https://r.example.net": write "r.example.net", or "smtps://r.example.net" where TLS begins before the greeting',
  ],
];

for (const [text, problem] of mistakes) {
  test(`${JSON.stringify(text)} is refused`, () => {
    assert.deepEqual(
      problemsOf(() => parseConfig(text, '/etc/sluice/sluice.toml')),
      [problem],
    );
  });
}

function rulesOf(text: string) {
  return tlsRules(parseConfig(text, '/etc/sluice/sluice.toml'));
}

test('a table without a level has that of its fingerprints or names, or that of [deliver]', () => {
  const text = `[deliver]\ntls = "required"\n[[tls]]\nfingerprints = ["sha256:${digits}"]\n[[tls]]\nnames = ["a.example"]\n[[tls]]\nmin_version = "1.3"`;
  assert.deepEqual(
    rulesOf(text).map(({ level }) => level),
    ['fingerprint', 'verified', 'required'],
  );
});

test('a fingerprint may have colons and capitals', () => {
  const colons = (digits.toUpperCase().match(/../gu) ?? []).join(':');
  const [rule] = rulesOf(`[[tls]]\nfingerprints = ["SHA256:${colons}", "sha256:${digits}"]`);
  assert.deepEqual(rule?.fingerprints, [digits, digits]);
});

test('the settings of a handshake are named by what they are', () => {
  const [usual, one, same, other] = rulesOf(
    '[[tls]]\nlevel = "none"\n[[tls]]\nmin_version = "1.3"\n[[tls]]\nlevel = "required"\nmin_version = "1.3"\n[[tls]]\nmin_version = "1.2"',
  ).map(({ settings }) => settings);
  assert.equal(usual, '');
  assert.equal(one, same);
  assert.notEqual(one, other);
});

test('a CA file is read with the configuration, without what is not a certificate', (t) => {
  const { path: folder } = temporaryFolder(t, 'tls-config');
  const authority = makeAuthority({});
  writeFileSync(join(folder, 'ca.pem'), `a comment\n${authority.certificate}\nanother one\n`);
  writeFileSync(join(folder, 'key.pem'), authority.key);
  writeFileSync(join(folder, 'broken.pem'), authority.certificate.replace(/\n.{8}/u, '\nAAAAAAAA'));
  const file = join(folder, 'sluice.toml');
  writeFileSync(file, '[[tls]]\nca = "ca.pem"\n');
  const [tls] = loadConfig(file).tls;
  assert.equal(tls?.authorities.trim(), authority.certificate.trim());
  writeFileSync(file, '[[tls]]\nca = "key.pem"\n[[tls]]\nca = "broken.pem"\n');
  assert.deepEqual(
    problemsOf(() => loadConfig(file)),
    [
      `2:6 tls[1].ca: ${folder}/key.pem holds no certificate in PEM ("-----BEGIN CERTIFICATE-----")`,
      `4:6 tls[2].ca: certificate 1 of ${folder}/broken.pem cannot be read: it is damaged`,
    ],
  );
});

test('a host on port 465 without smtps:// is warned of', () => {
  const config = parseConfig(
    '[[route]]\nrelay = ["a.example.net:465", "smtps://b.example.net", "c.example.net:587"]',
    'x.toml',
  );
  const warnings = configWarnings(config).filter(({ path }) => path[0] === 'route');
  assert.deepEqual(
    warnings.map(({ path }) => path.join('.')),
    ['route.0.relay.0'],
  );
  assert.match(warnings[0]?.message ?? '', /write "smtps:\/\/a\.example\.net:465"$/u);
  assert.deepEqual(config.route[0]?.kind === 'relay' && config.route[0].relay[1], {
    host: 'b.example.net',
    port: 465,
    implicitTls: true,
  });
});
