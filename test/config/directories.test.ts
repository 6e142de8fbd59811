// [[directory]] and [login]: which keys each kind of source has, and their defaults.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ConfigError } from '../../src/config/read/config-error.ts';
import { defaultConfig, parseConfig } from '../../src/config/config.ts';

test('sources of every kind, with their defaults', () => {
  const { directory, login } = parseConfig(
    `[login]
    default_domain = "Example.com"
    remember = "0s"
    [[directory]]
    name = "own"
    kind = "users"
    path = "users.jsonl"
    domain = ["Example.com", "*.example.net"]
    [[directory]]
    name = "base"
    kind = "sqlite"
    path = "/base.sqlite"
    negative_cache_time = "1s"
    [[directory]]
    name = "server"
    kind = "postgresql"
    connection = "postgresql://sluice@127.0.0.1/mail"
    password_file = "postgresql.password"
    query = "SELECT crypt AS password FROM a WHERE b = $1 OR c = $1"
    [[directory]]
    name = "passwd"
    kind = "passwd"
    path = "/passwd"
    key = "local_part"
    [[directory]]
    name = "vpopmail"
    kind = "vpopmail"
    path = "/domains"
    [[directory]]
    name = "dovecot"
    kind = "dovecot"
    path = "/auth-client"
    [[directory]]
    name = "program"
    kind = "checkpassword"
    command = ["/bin/checkpassword", "-x"]
    timeout = "5s"
    cache_time = "1m"`,
    '/etc/sluice/sluice.toml',
  );
  const domains = [
    { kind: 'exact', domain: 'example.com' },
    { kind: 'suffix', domain: 'example.net' },
  ];
  assert.deepEqual(directory, [
    { name: 'own', kind: 'users', path: '/etc/sluice/users.jsonl', domains },
    {
      name: 'base',
      kind: 'sqlite',
      path: '/base.sqlite',
      domains: [],
      key: 'address',
      query: undefined,
      timeoutMs: 5_000,
      cacheBytes: 4 * 1024 ** 2,
      cacheMs: 5_000,
      absentCacheMs: 1_000,
    },
    {
      name: 'server',
      kind: 'postgresql',
      connection: 'postgresql://sluice@127.0.0.1/mail',
      passwordFile: '/etc/sluice/postgresql.password',
      query: 'SELECT crypt AS password FROM a WHERE b = $1 OR c = $1',
      domains: [],
      key: 'address',
      timeoutMs: 5_000,
      cacheBytes: 4 * 1024 ** 2,
      cacheMs: 5_000,
      absentCacheMs: 5_000,
    },
    { name: 'passwd', kind: 'passwd', path: '/passwd', domains: [], key: 'local_part' },
    { name: 'vpopmail', kind: 'vpopmail', path: '/domains', domains: [] },
    { name: 'dovecot', kind: 'dovecot', path: '/auth-client', domains: [], timeoutMs: 20_000, rememberMs: 0 },
    {
      name: 'program',
      kind: 'checkpassword',
      command: ['/bin/checkpassword', '-x'],
      domains: [],
      timeoutMs: 5_000,
      rememberMs: 60_000,
    },
  ]);
  assert.deepEqual(login, {
    defaultDomain: 'example.com',
    mechanisms: ['PLAIN', 'LOGIN', 'OAUTHBEARER', 'XOAUTH2', 'EXTERNAL'],
    mechanismsInClear: [],
    senders: 'own',
    checkFrom: true,
    failuresPerClient: { count: 10, perMs: 3_600_000 },
    failuresPerNetwork: { count: 50, perMs: 3_600_000 },
    failuresPerUser: { count: 30, perMs: 3_600_000 },
    ban: 1_800_000,
    banExempt: [
      { address: '127.0.0.0', prefix: 8 },
      { address: '::1', prefix: 128 },
    ],
    failureDelay: 1_000,
    hashThreads: 1,
    remember: 0,
  });
});

test('SCRAM is offered where every source has secrets for it, and else where the file says so', () => {
  const own = '[[directory]]\nname = "own"\nkind = "users"\npath = "users"\n';
  const sqlite = (query: string) => `[[directory]]\nname = "base"\nkind = "sqlite"\npath = "base"\n${query}`;
  const offers = (text: string): boolean => {
    const { mechanisms } = parseConfig(text, '/etc/sluice.toml').login;
    assert.equal(mechanisms.includes('SCRAM-SHA-256'), mechanisms.includes('SCRAM-SHA-256-PLUS'));
    return mechanisms.includes('SCRAM-SHA-256');
  };
  assert.ok(offers(own));
  assert.ok(offers(own + sqlite('')));
  assert.ok(offers(sqlite('query = "SELECT hash AS password, secret AS scram FROM users WHERE name = ?"\n')));
  assert.ok(!offers(own + sqlite('query = "SELECT hash AS password FROM users WHERE name = ?"\n')));
  const passwd = '[[directory]]\nname = "old"\nkind = "passwd"\npath = "passwd"\n';
  assert.ok(!offers(own + passwd));
  assert.ok(offers(`${passwd}[login]\nmechanisms = ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "PLAIN"]\n`));
});

test('without [[directory]] there is none', () => {
  assert.deepEqual(defaultConfig().directory, []);
  assert.equal(defaultConfig().login.remember, 600_000);
});

const source = '[[directory]]\nname = "a"\nkind = "users"\npath = "users"\n';
const server = '[[directory]]\nname = "a"\nkind = "postgresql"\nconnection = "postgresql://s@host/mail"\n';
for (const [text, problem] of [
  ['[[directory]]\nname = "a"\nkind = "users"', /a source of kind "users" needs path/u],
  ['[[directory]]\nname = "a"\nkind = "checkpassword"', /a source of kind "checkpassword" needs command/u],
  ['[[directory]]\nname = "a"\nkind = "checkpassword"\ncommand = ["check"]', /absolute path of a program/u],
  ['[[directory]]\nname = "a"\nkind = "checkpassword"\ncommand = []', /must name a program/u],
  [`${source}key = "local_part"`, /is only for sources of kind "passwd" or "sqlite" or "postgresql"/u],
  [`${source}cache = "1MiB"`, /is only for sources of kind "sqlite" or "postgresql"/u],
  [`${source}${source}`, /this name is already in directory\[1\]/u],
  ['[[directory]]\nname = "a"\nkind = "ldap"\npath = "x"', /must be "users" or "sqlite" or/u],
  ['[[directory]]\nname = "a"\nkind = "sqlite"\npath = "x"\nquery = "SELECT 1"', /one parameter/u],
  [`${server}query = "SELECT 1 WHERE a = ?"`, /one parameter, the key, written as \$1/u],
  [`${server}query = "SELECT $1, $2"`, /one parameter, the key, written as \$1/u],
  [server, /a source of kind "postgresql" needs query/u],
  [server.replace('//s@', '//s:secret@'), /has a password in it: .* password_file/u],
  [server.replace('/mail', '/mail?password=secret'), /has a password in it/u],
  [server.replace('postgresql:', 'mysql:'), /is no connection/u],
  ['[[recipients]]\ndomain = ["example.com"]\ndirectory = true', /there is no \[\[directory\]\]/u],
  [
    `${source}[[recipients]]\ndomain = ["example.com"]`,
    /needs a source of mailboxes: table.*or directory = true/u,
  ],
  [
    `${source}[[table]]\nname = "t"\npath = "t.list"\n[[recipients]]\ndomain = ["example.com"]\ntable = "t"\ndirectory = true`,
    /table and directory exclude each other/u,
  ],
  [
    `${source}[[recipients]]\ndomain = ["example.com"]\ndirectory = true\nprogram = ["/bin/true"]`,
    /directory and program exclude each other/u,
  ],
  [
    '[[recipients]]\ndomain = ["example.com"]\nprogram = ["true"]',
    /must begin with the absolute path of a program/u,
  ],
  [`spool = "s"\n${source.replace('path = "users"', 'path = "s/keys/users"')}`, /name that the spool uses/u],
] as const)
  test(`${JSON.stringify(text.slice(0, 90))} is refused`, () => {
    assert.throws(
      () => parseConfig(text, '/etc/sluice/sluice.toml'),
      (error) => {
        assert.ok(error instanceof ConfigError);
        assert.match(error.problems.map(({ message }) => message).join('; '), problem);
        return true;
      },
    );
  });
