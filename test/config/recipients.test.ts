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

test('servers to ask have bounds and times of their own', () => {
  const { recipients } = parseConfig(
    '[[recipients]]\ndomain = ["a.test"]\n[recipients.call_ahead]\nsmtp = ["mail.a.test", "smtps://b.a.test"]\nsender = "probe@a.test"\n' +
      '[[recipients]]\ndomain = ["b.test"]\ncall_ahead = { lmtp = ["unix:/run/lmtp"] }',
    'sluice.toml',
  );
  const defaults = {
    connections: 2,
    waiting: 500,
    timeLimit: 15_000,
    cacheTime: 3_600_000,
    unknownCacheTime: 300_000,
    staleFor: 86_400_000,
    cacheSize: 20_000,
    fullMailbox: 'tempfail',
  };
  assert.deepEqual(
    recipients.map(({ callAhead }) => callAhead),
    [
      {
        ...defaults,
        sender: 'probe@a.test',
        smtp: [
          { host: 'mail.a.test', port: 25 },
          { host: 'b.a.test', port: 465, implicitTls: true },
        ],
      },
      { ...defaults, sender: '', lmtp: [{ kind: 'unix', path: '/run/lmtp' }] },
    ],
  );
});

function asking(text: string): string {
  return `[[recipients]]\ndomain = ["a.test"]\n[recipients.call_ahead]\n${text}`;
}

test('aliases stand beside another source, or alone', () => {
  const { recipients } = parseConfig(
    `${users}
    [[table]]
    name = "aliases"
    path = "/etc/aliases.map"
    [[recipients]]
    domain = ["a.test"]
    table = "users"
    aliases = "aliases"
    [[recipients]]
    domain = ["b.test"]
    aliases = "aliases"`,
    'sluice.toml',
  );
  assert.deepEqual(
    recipients.map(({ table, aliases }) => [table, aliases]),
    [
      ['users', 'aliases'],
      [undefined, 'aliases'],
    ],
  );
});

const wrong: readonly [string, RegExp][] = [
  [
    '[[recipients]]\ndomain = ["a.test"]\naliases = "alias"',
    /there is no \[\[table\]\] with the name "alias"/,
  ],
  [asking(''), /needs smtp or lmtp, with the servers to ask/],
  [asking('smtp = ["a"]\nlmtp = ["b"]'), /excludes smtp: give only one of them/],
  [asking('smtp = []'), /must name one host at least/],
  [asking('smtp = ["smtps://a"]\ntls = "none"'), /must be "required" or "verified"/],
  [asking('lmtp = ["unix:/a"]\ntls = "required"'), /cannot be had on a Unix-domain socket/],
  [asking('smtp = ["a"]\nsender = "joe"'), /is not a mail address/],
  [asking('smtp = ["a"]\nstale = "1d"'), /stale_for/],
  [
    '[[recipients]]\ndomain = ["a.test"]\nsubaddress = "+"\ncall_ahead = { smtp = ["a"] }',
    /is not for call_ahead: the server that is asked knows its subaddresses itself/,
  ],
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
