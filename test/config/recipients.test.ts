// [[recipients]]: which mailboxes exist.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ConfigError } from '../../src/config/read/config-error.ts';
import { parseConfig } from '../../src/config/config.ts';

const users = '[[table]]\nname = "users"\npath = "/etc/users.list"\n';

/** What is for programs alone. */
const ofPrograms = { timeLimit: 20_000, cacheTime: 60_000, programs: 10, waiting: 500 };

test('recipients name domains and a table', () => {
  const { recipients } = parseConfig(
    `${users}
    [[recipients]]
    domain = ["Example.com", "*.example.net"]
    table = "users"
    [[recipients]]
    domain = ["example.org"]
    table = "users"
    key = "local_part"
    subaddress = "+-"`,
    'sluice.toml',
  );
  assert.deepEqual(recipients, [
    {
      domain: [
        { kind: 'exact', domain: 'example.com' },
        { kind: 'suffix', domain: 'example.net' },
      ],
      table: 'users',
      key: 'address',
      subaddress: '',
      ...ofPrograms,
    },
    {
      domain: [{ kind: 'exact', domain: 'example.org' }],
      table: 'users',
      key: 'local_part',
      subaddress: '+-',
      ...ofPrograms,
    },
  ]);
});

test('a file of s/qmail is for all other domains, below the folder of qmail', () => {
  const { recipients } = parseConfig(
    '[[recipients]]\ncontrol = "/var/qmail/control/recipients"\n[[recipients]]\ndomain = ["a.test"]\ncontrol = "r"\nhome = "h"\nsubaddress = "+"',
    '/etc/sluice.toml',
  );
  const shared = { key: 'address', ...ofPrograms };
  assert.deepEqual(recipients, [
    { control: '/var/qmail/control/recipients', home: '/var/qmail', subaddress: '-', ...shared },
    {
      domain: [{ kind: 'exact', domain: 'a.test' }],
      control: '/etc/r',
      home: '/etc/h',
      subaddress: '+',
      ...shared,
    },
  ]);
});

const wrong: readonly [string, RegExp][] = [
  ['[[recipients]]\ndomain = ["example.com"]', /needs a source of mailboxes/],
  ['[[recipients]]\ntable = "users"', /is missing: the domains whose mailboxes are meant/],
  ['[[recipients]]\ncontrol = "a"\ntable = "users"', /table and control exclude each other/],
  ['[[recipients]]\ndomain = ["a.test"]\ntable = "users"\nhome = "/a"', /is only for control/],
  ['[[recipients]]\ncontrol = "a"\nkey = "local_part"', /cannot be "local_part" with control/],
  [
    '[[recipients]]\ncontrol = "a"\n[[recipients]]\ncontrol = "b"',
    /all other domains are already in recipients\[1\]/,
  ],
  [
    '[[recipients]]\ndomain = ["example.com"]\ntable = "user"',
    /there is no \[\[table\]\] with the name "user".*"users"/su,
  ],
  ['[[recipients]]\ndomain = []\ntable = "users"', /must name one domain at least/],
  [
    '[[recipients]]\ndomain = ["example.com"]\ntable = "users"\nsubaddress = "@"',
    /cannot separate a subaddress/,
  ],
  [
    '[[recipients]]\ndomain = ["example.com"]\ntable = "users"\nsubaddress = ""',
    /cannot separate a subaddress/,
  ],
  [
    '[[recipients]]\ndomain = ["example.com"]\ntable = "users"\n[[recipients]]\ndomain = ["EXAMPLE.com"]\ntable = "users"',
    /this domain is already in recipients\[1\]/,
  ],
];

for (const [text, expected] of wrong) {
  test(`refused: ${JSON.stringify(text)}`, () => {
    assert.throws(
      () => parseConfig(users + text, 'sluice.toml'),
      (error) => error instanceof ConfigError && expected.test(error.message),
    );
  });
}
