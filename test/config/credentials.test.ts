// [[credential]], and what routes say about it: what is accepted, what each mistake is told, and what is warned of.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { credentialWarnings } from '../../src/config/check/credential-warnings.ts';
import { parseConfig } from '../../src/config/config.ts';
import { ConfigError } from '../../src/config/read/config-error.ts';
import { renderInForce } from '../../src/config/show/render-toml.ts';
import { readToml } from '../../src/config/read/toml.ts';
import { credentialSettings, hopLogin } from '../../src/settings/credentials.ts';
import { routeRules } from '../../src/settings/route-rules.ts';

const file = '/etc/sluice/sluice.toml';
const plain = '[[credential]]\nname = "a"\nuser = "joe"\npassword_file = "secret"\n';
const relay = (credential: string) => `[[route]]\nrelay = ["relay.test"]\ncredential = ${credential}\n`;

function problemsOf(text: string): string[] {
  try {
    parseConfig(text, file);
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.problems.map(({ key, message }) => `${key}: ${message}`);
  }
  return assert.fail('the configuration was accepted');
}

test('a password in a file, with all mechanisms for passwords', () => {
  const { credential } = parseConfig(plain, file);
  assert.deepEqual(credential, [
    {
      name: 'a',
      user: 'joe',
      secret: { kind: 'file', holds: 'password', path: '/etc/sluice/secret' },
      mechanisms: ['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256', 'PLAIN', 'LOGIN'],
      sender: [],
      withoutTls: false,
    },
  ]);
});

test('a token of a program', () => {
  const text =
    '[[credential]]\nname = "a"\nuser = "joe"\ntoken_command = ["/bin/token", "x"]\ntoken_time = "30m"\n';
  const { credential } = parseConfig(text, file);
  assert.deepEqual(credential[0]?.secret, {
    kind: 'command',
    holds: 'token',
    command: ['/bin/token', 'x'],
    useMs: 1_800_000,
  });
  assert.deepEqual(credential[0]?.mechanisms, ['OAUTHBEARER', 'XOAUTH2']);
});

const mistakes: readonly (readonly [what: string, text: string, ...problems: string[]])[] = [
  [
    'no secret',
    '[[credential]]\nname = "a"\nuser = "joe"\n',
    'credential[1]: does not say where the secret is: give one of password_file, password_env, token_file, token_command',
  ],
  [
    'two secrets',
    `${plain}token_file = "t"\n`,
    'credential[1].token_file: password_file and token_file exclude each other: give only one of them',
  ],
  [
    'a mechanism for tokens with a password',
    `${plain}mechanisms = ["PLAIN", "XOAUTH2"]\n`,
    'credential[1].mechanisms[2]: XOAUTH2 takes a token, and this credential has password_file',
  ],
  ['a name twice', plain + plain, 'credential[2].name: this name is already in credential[1]'],
  [
    'a program without its path',
    '[[credential]]\nname = "a"\nuser = "joe"\ntoken_command = ["token"]\n',
    'credential[1].token_command: must begin with the absolute path of a program',
  ],
  [
    'a time without a program',
    `${plain}token_time = "1m"\n`,
    'credential[1].token_time: is only for token_command',
  ],
  [
    'a user with a control character',
    '[[credential]]\nname = "a"\nuser = "jo\\u0001e"\npassword_file = "secret"\n',
    'credential[1].user: must have no control characters',
  ],
  [
    'a route that names no credential of the file',
    `${plain}${relay('"b"')}`,
    'route[1].credential: there is no [[credential]] with the name "b"; did you mean "a"?',
  ],
  [
    'a route to MX hosts',
    `${plain}[[route]]\nmx = true\ncredential = "a"\n`,
    'route[1].credential: is only for relay: MX hosts take mail without a log-in',
  ],
  [
    'two credentials for all senders',
    `${plain}${plain.replace('"a"', '"b"')}${relay('["a", "b"]')}`,
    'route[1].credential[2]: a and b are both for any sender: which counts?',
  ],
  [
    'two credentials for one sender',
    `${plain}sender = ["x.test"]\n${plain.replace('"a"', '"b"')}sender = ["y.test", "x.test"]\n${relay('["a", "b"]')}`,
    'route[1].credential[2]: a and b have a sender in common: which counts?',
  ],
];

for (const [what, text, ...problems] of mistakes)
  test(`a mistake: ${what}`, () => assert.deepEqual(problemsOf(text), problems));

test('a credential that no route names, and a route that leaves some senders without one, are warned of', () => {
  const text = `${plain}${plain.replace('"a"', '"b"')}sender = ["x.test"]\n${relay('"b"')}`;
  assert.deepEqual(
    credentialWarnings(parseConfig(text, file)).map(({ path, message }) => `${path.join('.')}: ${message}`),
    [
      'credential.0: no route has credential = "a", so it is never used',
      'route.0.credential: it is for some senders only: mail of others goes there without a log-in; if that is not meant, add a credential without sender',
    ],
  );
  assert.deepEqual(credentialWarnings(parseConfig(`${plain}${relay('"a"')}`, file)), []);
});

test('a smarthost that is an address, with a credential and nothing to verify its certificate by, is warned of', () => {
  const warned = (more: string, route = '') =>
    credentialWarnings(
      parseConfig(`${plain}${relay('"a"').replace('relay.test', '192.0.2.9:587')}${route}${more}`, file),
    ).map(({ path, message }) => `${path.join('.')}: ${message.slice(0, 61)}`);
  const warning = ['route.0.relay: no certificate can be verified for 192.0.2.9:587, which is an'];
  assert.deepEqual(warned(''), warning);
  assert.deepEqual(warned('[[tls]]\nmx = ["192.0.2.8"]\nnames = ["relay.test"]\n'), warning);
  assert.deepEqual(warned('[[tls]]\nmx = ["192.0.2.9"]\nmin_version = "1.3"\n'), warning);
  assert.deepEqual(warned('', 'tls = "verified"\n'), warning);
  assert.deepEqual(warned('', 'tls = "required"\n'), []);
  assert.deepEqual(warned('[[tls]]\nmx = ["192.0.2.9"]\nnames = ["relay.test"]\n'), []);
  assert.deepEqual(warned('[[tls]]\nmx = ["192.0.2.9"]\nlevel = "required"\n'), []);
  const fingerprint = `sha256:${'ab'.repeat(32)}`;
  assert.deepEqual(warned(`[[tls]]\nmx = ["192.0.2.9"]\nfingerprints = ["${fingerprint}"]\n`), []);
});

test('another user, place or choice of mechanisms makes another log-in, and another name of the route none', () => {
  const idOf = (text: string) => hopLogin(parseConfig(text, file).credential[0]!).id;
  const changes = [
    plain.replace('joe', 'jane'),
    plain.replace('"secret"', '"other"'),
    `${plain}mechanisms = ["PLAIN"]\n`,
    `${plain}without_tls = true\n`,
  ];
  assert.equal(new Set([plain, ...changes].map(idOf)).size, 5);
  assert.equal(idOf(`${plain}sender = ["x.test"]\n`), idOf(plain), 'it is the same log-in for other mail');
});

test('routes lead to the settings that senders have for the credential', () => {
  const config = parseConfig(`${plain}${relay('"a"')}`, file);
  const [rule] = routeRules(config);
  const id = rule?.logins?.[0]?.login.id ?? '';
  assert.equal(credentialSettings(config).get(id)?.user, 'joe');
});

test('what is in force is shown without a secret', () => {
  const text = `${plain}${relay('"a"')}`;
  const shown = renderInForce(parseConfig(text, file), readToml(text, file));
  assert.match(shown, /password_file = "secret"/u);
});
