// [[table]]: kinds told by the ending of a file, keys of SQLite, and mistakes.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../src/config/config.ts';
import { ConfigError } from '../../src/config/read/config-error.ts';

function problemsOf(text: string): string[] {
  try {
    parseConfig(text, '/etc/sluice/sluice.toml');
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(({ line, column, key, message }) => `${line}:${column}: ${key}: ${message}`);
  }
}

test('the ending of the file tells the kind, and a relative path starts at the folder of the configuration', () => {
  const endings = ['list', 'map', 'passwd', 'cdb', 'CDB'];
  const text = endings
    .map((ending, index) => `[[table]]\nname = "t${index}"\npath = "a.${ending}"\n`)
    .join('');
  assert.deepEqual(
    parseConfig(text, '/etc/sluice/sluice.toml').table.map(({ kind, path }) => `${kind} ${path}`),
    [
      'list /etc/sluice/a.list',
      'key-value /etc/sluice/a.map',
      'passwd /etc/sluice/a.passwd',
      'cdb /etc/sluice/a.cdb',
      'cdb /etc/sluice/a.CDB',
    ],
  );
});

test('kind counts more than the ending', () => {
  const { table } = parseConfig(
    '[[table]]\nname = "t"\npath = "/etc/passwd.list"\nkind = "passwd"\n',
    'x.toml',
  );
  assert.equal(table[0]?.kind, 'passwd');
});

test('a table of SQLite has defaults for its time limit and its cache', () => {
  const text = '[[table]]\nname = "t"\npath = "/a.sqlite"\nquery = "SELECT v FROM t WHERE k = ?"\n';
  assert.deepEqual(parseConfig(text, 'x.toml').table, [
    {
      name: 't',
      path: '/a.sqlite',
      kind: 'sqlite',
      query: 'SELECT v FROM t WHERE k = ?',
      timeoutMs: 5_000,
      cacheBytes: 4_194_304,
      cacheMs: 5_000,
    },
  ]);
});

for (const query of [
  'SELECT v FROM t WHERE k = ?',
  'SELECT v FROM t WHERE k = ?1 OR k = ?1',
  "SELECT '?' FROM t WHERE k = ? -- ?",
  'SELECT "a?", `b?`, [c?] FROM t /* ? */ WHERE k = ?1',
]) {
  test(`${query} has one parameter`, () => {
    const text = `[[table]]\nname = "t"\npath = "/a.sqlite"\nquery = ${JSON.stringify(query)}\n`;
    assert.deepEqual(problemsOf(text), []);
  });
}

for (const query of [
  'SELECT v FROM t',
  'SELECT v FROM t WHERE k = ? OR k = ?',
  'SELECT v FROM t WHERE k = ?2',
  'SELECT v FROM t WHERE k = :key',
  "SELECT v FROM t WHERE k = '?'",
]) {
  test(`${query} has not one parameter`, () => {
    const text = `[[table]]\nname = "t"\npath = "/a.sqlite"\nquery = ${JSON.stringify(query)}\n`;
    assert.match(
      problemsOf(text).join('\n'),
      /table\[1\]\.query: must have one parameter, the key, written as \?/,
    );
  });
}

test('mistakes are reported with their places', () => {
  const text = `[[table]]
name = "users"
path = "users.txt"
[[table]]
name = "users"
path = "users.list"
query = "SELECT v FROM t WHERE k = ?"
cache = "1MiB"
`;
  assert.deepEqual(problemsOf(text), [
    '3:8: table[1].path: the ending of this file does not tell what it holds; give kind as well: "list", "key-value", "passwd", "aliases", "postmap", "smtproutes", "pcre", "regexp", "cdb", "sqlite", "rules", "tcprules"',
    '5:8: table[2].name: this name is already in table[1]',
    '7:9: table[2].query: is only for tables of kind "sqlite", and this one is of kind "list"',
    '8:9: table[2].cache: is only for tables of kind "sqlite", and this one is of kind "list"',
  ]);
});

test('the name of a table is one word', () => {
  assert.deepEqual(problemsOf('[[table]]\nname = "a b"\npath = "a.list"\n'), [
    '2:8: table[1].name: "a b" is not the name of a table; write 1 to 64 letters, digits, ".", "_" and "-", e.g. "users"',
  ]);
});

test('a table of SQLite without a query is a mistake', () => {
  assert.match(
    problemsOf('[[table]]\nname = "t"\npath = "a.sqlite"\n').join('\n'),
    /table\[1\]: a table of kind "sqlite" needs a query/,
  );
});

test('a table may not be a file that Sluice writes', () => {
  const text =
    '[log]\nfile = "/var/log/sluice.log"\n[[table]]\nname = "t"\nkind = "list"\npath = "/var/log/sluice.log"\n';
  assert.match(problemsOf(text).join('\n'), /\/var\/log\/sluice\.log is also table\[1\]\.path/);
});
