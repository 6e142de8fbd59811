// [[stage]]: what others have made to decide about mail.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { parseConfig } from '../../src/config/config.ts';
import { ConfigError } from '../../src/config/read/config-error.ts';

const spp = 'kind = "qmail-spp"\nplugins = "/var/qmail/control/smtpplugins"\n';

test('a stage has the keys of all kinds, and those of its own', () => {
  const { stage } = parseConfig(`[[stage]]\nname = "ours"\n${spp}audience = "users"`, '/etc/sluice.toml');
  assert.deepEqual(stage, [
    {
      name: 'ours',
      kind: 'qmail-spp',
      audience: 'users',
      testOnly: false,
      timeLimit: 30_000,
      onFailure: 'tempfail',
      restAfter: 10,
      restFor: 30_000,
      plugins: '/var/qmail/control/smtpplugins',
      home: '/var/qmail',
      programs: 20,
      waiting: 500,
      clientNames: true,
      environment: {},
    },
  ]);
});

test('DNS lists have their own tables', () => {
  const { stage } = parseConfig(
    `hostname = "mx.example.org"
[[stage]]
name = "lists"
kind = "dns-lists"
reject_at = 3
except_clients = ["192.0.2.0/24"]
[[stage.list]]
zone = "ZEN.example.org."
answers = ["127.0.0.2-127.0.0.4", "&8"]
weight = 3
[[stage.list]]
zone = "white.example.org"
about = "sender"
weight = -2
`,
    '/etc/sluice.toml',
  );
  const [lists] = stage;
  assert.ok(lists?.kind === 'dns-lists');
  assert.equal(lists.audience, 'unknown');
  assert.equal(lists.rejectAt, 3);
  assert.deepEqual(lists.list, [
    {
      zone: 'zen.example.org',
      about: 'client',
      answers: [
        { kind: 'range', low: 0x7f000002, high: 0x7f000004 },
        { kind: 'bits', bits: 8 },
      ],
      weight: 3,
    },
    { zone: 'white.example.org', about: 'sender', weight: -2 },
  ]);
});

const lists = 'name = "a"\nkind = "dns-lists"\n';

const wrong: readonly [string, RegExp][] = [
  ['name = "a"', /kind.*is missing; it must be "qmail-spp"/su],
  ['name = "a"\nkind = "qmail"', /must be "qmail-spp".*not "qmail"/su],
  ['name = "a"\nkind = "qmail-sp"', /did you mean "qmail-spp"\?/u],
  ['name = "a"\nkind = 3', /must be "qmail-spp".*not 3/su],
  ['name = "a"\nkind = "qmail-spp"', /plugins.*is missing/su],
  [`name = "a"\n${spp}pluginz = "x"`, /there is no such key; did you mean plugins\?/u],
  [`name = "relay"\n${spp}`, /is the name of a stage of Sluice itself/u],
  [`name = "a"\n${spp}[[stage]]\nname = "a"\n${spp}`, /this name is already that of stage\[1\]/u],
  [lists, /list.*is missing/su],
  ['name = "a"\nkind = "client-checks"', /checks nothing/u],
  ['name = "a"\nkind = "client-checks"\nhelo_syntax = "drop"', /"off".*"reject"/su],
  [`${lists}list = []`, /must have one list at least/u],
  [`${lists}reject_at = 0\n[[stage.list]]\nzone = "bl.test"`, /must be a whole number from 1/u],
  [`${lists}[[stage.list]]\nzone = "bl test"`, /is not a domain name/u],
  [`${lists}[[stage.list]]\nzone = "bl.test"\nweight = 0`, /must not be 0/u],
  [`${lists}[[stage.list]]\nzone = "bl.test"\nanswers = ["192.0.2.1"]`, /is not in 127\.0\.0\.0\/8/u],
  [`${lists}[[stage.list]]\nzone = "bl.test"\nabout = "rcpt"`, /"client".*"helo"/su],
  [`name = "a"\n${spp}listen = ["192.0.2.1:25"]`, /there is no \[\[listen\]\] with this address/u],
];

for (const [keys, message] of wrong) {
  test(`[[stage]] is refused: ${keys.split('\n').at(-1)}, ${message.source}`, () => {
    assert.throws(
      () => parseConfig(`[[stage]]\n${keys}`, '/etc/sluice.toml'),
      (error) => {
        assert.ok(error instanceof ConfigError);
        assert.match(error.problems.map(({ key, message: text }) => `${key}: ${text}`).join('\n'), message);
        return true;
      },
    );
  });
}

test('variables for programs keep their names', () => {
  const text = `hostname = "mx.example.org"
[[stage]]
name = "programs"
kind = "qmail-spp"
plugins = "/var/qmail/control/smtpplugins"
environment = { DB_PASSWORD = "secret", lower_case = "1" }
`;
  const [stage] = parseConfig(text, '/etc/sluice.toml').stage;
  assert.ok(stage?.kind === 'qmail-spp');
  // They are spread into the environment of a program.
  assert.deepEqual({ ...stage.environment }, { DB_PASSWORD: 'secret', lower_case: '1' });
});
