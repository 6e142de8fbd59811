// [[token_issuer]]: what is read, and what is refused with its place.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../src/config/config.ts';
import { ConfigError } from '../../src/config/read/config-error.ts';

const head = '[[directory]]\nname = "own"\nkind = "users"\npath = "users.jsonl"\n';
const usual = 'name = "one"\nissuer = "https://id.example.com/a"\n';

function read(lines: string, name = usual) {
  return parseConfig(`${head}[[token_issuer]]\n${name}${lines}`, '/etc/sluice/sluice.toml').tokenIssuer[0];
}

function problems(lines: string, name = usual): string {
  try {
    read(lines, name);
    return 'none';
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.problems.map(({ message }) => message).join('\n');
  }
}

test('without more, the keys are found through the issuer, and the name is in "email"', () => {
  const issuer = read('audience = ["mail"]');
  assert.ok(issuer?.check.kind === 'keys');
  assert.deepEqual(issuer.check.place, { kind: 'discovery' });
  assert.equal(issuer.check.refreshMs, 3_600_000);
  assert.ok(issuer.check.algorithms.every((name) => !name.startsWith('HS')));
  assert.deepEqual(
    [issuer.claim, issuer.scopes, issuer.domains, issuer.leewayMs, issuer.timeoutMs],
    ['email', [], [], 30_000, 5_000],
  );
});

test('files are relative to the folder of the configuration', () => {
  const issuer = read('audience = ["mail"]\njwks_file = "keys.json"\nca = "ca.pem"');
  assert.ok(issuer?.check.kind === 'keys');
  assert.deepEqual(issuer.check.place, { kind: 'file', path: '/etc/sluice/keys.json' });
  assert.equal(issuer.ca, '/etc/sluice/ca.pem');
  const asked = read(
    'introspection_url = "https://id.example.com/i"\nclient_id = "sluice"\nclient_secret_file = "secret"',
  );
  assert.ok(asked?.check.kind === 'introspection');
  assert.deepEqual(asked.check.secret, { kind: 'file', path: '/etc/sluice/secret' });
  assert.deepEqual(asked.audience, []);
});

for (const [what, lines, expected] of [
  ['no audience', '', /needs audience/],
  ['two ways', 'audience = ["a"]\njwks_url = "https://a/"\njwks_file = "b"', /is instead of jwks_url/],
  ['a shared secret', 'audience = ["a"]\nalgorithms = ["HS256"]', /HS256/],
  ['no signature', 'audience = ["a"]\nalgorithms = ["none"]', /none/],
  ['a password in an address', 'audience = ["a"]\njwks_url = "https://u:p@a/"', /without a user name/],
  ['another scheme', 'audience = ["a"]\njwks_url = "file:///etc/keys"', /no address of the web/],
  ['a client without introspection', 'audience = ["a"]\nclient_id = "x"', /only for an introspection_url/],
  [
    'introspection without a client',
    'introspection_url = "https://a/"',
    /needs client_id[^]*client_secret_file/,
  ],
  [
    'two secrets',
    'introspection_url = "https://a/"\nclient_id = "x"\nclient_secret_file = "y"\nclient_secret_env = "Z"',
    /needs one of/,
  ],
] as const)
  test(`${what} is refused`, () => assert.match(problems(lines), expected));

test('two issuers of one name or address are refused, and one without users', () => {
  const one = `[[token_issuer]]\n${usual}audience = ["a"]\n`;
  assert.throws(
    () => parseConfig(`${head}${one}${one}`, 'x.toml'),
    /this name is already in token_issuer\[1\]/,
  );
  assert.throws(() => parseConfig(one, 'x.toml'), /needs a \[\[directory\]\]/);
});
