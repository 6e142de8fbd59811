// [clients] and client_rules of [[listen]]: which table holds the rules for clients.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError } from '../../src/config/read/config-error.ts';
import { parseConfig } from '../../src/config/config.ts';

const table = `
[[table]]
name = "ours"
path = "clients.rules"
[[table]]
name = "old"
path = "/etc/tcp.smtp.cdb"
kind = "tcprules"
[[table]]
name = "users"
path = "users.list"
`;

test('rules are in a table, and a listener may have its own or none', () => {
  const { clients, listen } = parseConfig(
    `${table}
    [clients]
    rules = "ours"
    [[listen]]
    address = "127.0.0.1:2525"
    [[listen]]
    address = "127.0.0.1:2526"
    client_rules = "old"
    [[listen]]
    address = "127.0.0.1:2527"
    client_rules = ""`,
    'sluice.toml',
  );
  assert.equal(clients.rules, 'ours');
  assert.deepEqual(
    listen.map(({ clientRules }) => clientRules),
    [undefined, 'old', ''],
  );
});

for (const [text, expected] of [
  ['[clients]\nrules = "our"', /there is no \[\[table\]\] with the name "our"; did you mean "ours"\?/],
  [
    '[clients]\nrules = "users"',
    /the table "users" is of kind "list"; give it kind = "rules", or "tcprules"/,
  ],
  ['[clients]\nrules = ""', /must name a \[\[table\]\], or be left out/],
  [
    '[[listen]]\naddress = "127.0.0.1:2525"\nclient_rules = "none"',
    /sluice\.toml:\d+:\d+.*there is no \[\[table\]\] with the name "none"/s,
  ],
] as const)
  test(`refused: ${text.replaceAll('\n', ' ')}`, () => {
    assert.throws(
      () => parseConfig(`${table}${text}`, 'sluice.toml'),
      (error) => error instanceof ConfigError && expected.test(error.message),
    );
  });
