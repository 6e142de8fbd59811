// Warnings of listeners that ask clients for certificates, where that is probably not meant.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tlsWarnings } from '../../src/config/check/tls-warnings.ts';
import { parseConfig } from '../../src/config/config.ts';

const fingerprint = `relay_certificates = ["sha256:${'ab'.repeat(32)}"]`;

function warningsOf(text: string): string[] {
  return tlsWarnings(parseConfig(text, '/etc/sluice/sluice.toml')).map(
    ({ path, message }) => `${path.join('.')}: ${message}`,
  );
}

test('a listener on port 25 that asks for certificates is warned of, by keys of its own or of [receive]', () => {
  const port25 = '[[listen]]\naddress = "192.0.2.1:25"\n';
  const warning =
    /^listen\.0: with relay_certificates, relay_ca or login_ca, all mail servers that come to port 25 are asked/u;
  for (const text of [
    `${port25}${fingerprint}`,
    `${port25}relay_ca = "ca.pem"`,
    `${port25}[receive]\nlogin_ca = "ca.pem"`,
    `${port25}[receive]\n${fingerprint}`,
  ]) {
    const [first = '', ...more] = warningsOf(text);
    assert.match(first, warning);
    assert.deepEqual(more, []);
  }
  const elsewhere = `[[listen]]\naddress = "192.0.2.1:465"\ntls = "implicit"\n${fingerprint}\n`;
  assert.deepEqual(warningsOf(`${elsewhere}${port25}`), []);
});

test('keys for certificates of clients without TLS are warned of', () => {
  const [warning = ''] = warningsOf(`[[listen]]\naddress = "192.0.2.1:2525"\ntls = "none"\n${fingerprint}`);
  assert.equal(
    warning,
    'listen.0: relay_certificates, relay_ca and login_ca have no effect on a listener without TLS',
  );
});

test('an authority of users is warned of where nobody can log in by a certificate', () => {
  const users = '[[directory]]\nname = "own"\nkind = "users"\npath = "users.jsonl"\n';
  const listener = '[[listen]]\naddress = "192.0.2.1:2525"\nlogin_ca = "ca.pem"\n';
  assert.deepEqual(warningsOf(`${listener}auth = "required"\n${users}`), []);
  assert.match(
    warningsOf(listener).join('\n'),
    /^listen\.0: login_ca has no effect on a listener without log-ins/,
  );
  assert.match(
    warningsOf(`${listener}auth = "required"\n${users}[login]\nmechanisms = ["PLAIN"]\n`).join('\n'),
    /^listen\.0: login_ca has no effect, since mechanisms of \[login\] does not have EXTERNAL/,
  );
});
