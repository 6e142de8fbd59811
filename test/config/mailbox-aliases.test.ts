// aliases of [mailboxes]: RCPT looks into the table that delivery looks into.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aliasWarnings } from '../../src/config/check/alias-warnings.ts';
import { parseConfig } from '../../src/config/config.ts';
import { ConfigError } from '../../src/config/read/config-error.ts';

const common = `
[[directory]]
name = "a"
kind = "users"
path = "/users"
[[table]]
name = "names"
path = "/names.aliases"
[[table]]
name = "others"
path = "/others.map"
[mailboxes]
aliases = "names"
[[route]]
domain = ["a.test", "b.test"]
mailbox = true
`;

function aliasesOf(more: string): readonly (readonly [string, string | undefined])[] {
  const { recipients } = parseConfig(`${common}${more}`, '/sluice.toml');
  return recipients.flatMap(({ domain = [], aliases }) =>
    domain.map(({ domain: name }) => [name, aliases] as const),
  );
}

test('the domains of mailboxes have the aliases, whether a [[recipients]] names them or not', () => {
  assert.deepEqual(aliasesOf(''), [
    ['a.test', 'names'],
    ['b.test', 'names'],
  ]);
  assert.deepEqual(aliasesOf('[[recipients]]\ndomain = ["a.test"]\ndirectory = true\n'), [
    ['a.test', 'names'],
    ['b.test', 'names'],
  ]);
});

test('a [[recipients]] with aliases of its own, or of other domains, stays as it is', () => {
  const more = '[[recipients]]\ndomain = ["a.test"]\ndirectory = true\naliases = "others"\n';
  assert.deepEqual(aliasesOf(`${more}[[recipients]]\ndomain = ["c.test"]\ndirectory = true\n`), [
    ['a.test', 'others'],
    ['c.test', undefined],
    ['b.test', 'names'],
  ]);
});

test('a table that is not there is a mistake with its place', () => {
  assert.throws(
    () =>
      parseConfig(
        '[mailboxes]\naliases = "name"\n[[table]]\nname = "names"\npath = "/a.aliases"\n',
        '/sluice.toml',
      ),
    (error) => {
      assert.ok(error instanceof ConfigError);
      assert.match(error.message, /mailboxes\.aliases/u);
      assert.match(error.message, /names/u);
      return true;
    },
  );
});

test('aliases that RCPT accepts and delivery does not know are a warning', () => {
  const warnings = (text: string) => aliasWarnings(parseConfig(text, '/sluice.toml'));
  const own = '[[recipients]]\ndomain = ["c.test", "a.test"]\ndirectory = true\naliases = "others"\n';
  const [warning, ...more] = warnings(`${common}${own}`);
  assert.deepEqual(more, []);
  assert.deepEqual(warning?.path, ['recipients', 0, 'aliases']);
  assert.match(warning?.message ?? '', /mail of a\.test is .* names "names": .* only in "others"/u);
  assert.match(warnings(`${common}${own}`.replace('aliases = "names"', ''))[0]?.message ?? '', /has none/u);
  assert.deepEqual(warnings(common), []);
  assert.deepEqual(warnings(`${common}${own.replace('"others"', '"names"')}`), []);
  assert.deepEqual(warnings(`${common}${own.replace(', "a.test"', '')}`), []);
});
