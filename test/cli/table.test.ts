// sluice table: looking keys up, building a cdb, and what sluice check says of tables.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { type TestContext, suite, test } from 'node:test';
import { temporaryFolder } from '../temporary-folder.ts';
import { type RunResult, sluice } from './run.ts';

interface World {
  readonly path: string;
  readonly run: (...args: string[]) => Promise<RunResult>;
}

function world(t: TestContext, files: Readonly<Record<string, string>>): World {
  const { path } = temporaryFolder(t, 'table');
  for (const [name, text] of Object.entries(files)) writeFileSync(`${path}/${name}`, text);
  return { path, run: (...args) => sluice(args, { cwd: path }) };
}

const configuration = `hostname = "mx.example.com"
[[table]]
name = "users"
path = "users.map"
`;

suite('sluice table get', () => {
  test('prints the values of keys, in any case', async (t) => {
    const { run } = world(t, { 'sluice.toml': configuration, 'users.map': 'joe a\njoe b\njane c\n' });
    assert.deepEqual(await run('table', 'get', 'users', 'JOE'), { code: 0, stdout: 'a\nb\n', stderr: '' });
    const several = await run('table', 'get', 'users', 'joe', 'jane');
    assert.equal(several.stdout, 'joe\ta\njoe\tb\njane\tc\n');
  });

  test('exits with 1 when a key is not there', async (t) => {
    const { run } = world(t, { 'sluice.toml': configuration, 'users.map': 'joe a\n' });
    const stderr = '"jim" is not in the table "users".\n';
    assert.deepEqual(await run('table', 'get', 'users', 'jim'), { code: 1, stdout: '', stderr });
  });

  test('prints JSON for programs', async (t) => {
    const { run } = world(t, { 'sluice.toml': configuration, 'users.map': 'joe a\n' });
    const { stdout } = await run('table', 'get', 'users', 'joe', 'jim', '--json');
    assert.equal(stdout, '{"key":"joe","kind":"found","values":["a"]}\n{"key":"jim","kind":"absent"}\n');
  });

  test('names the tables that there are', async (t) => {
    const { run } = world(t, { 'sluice.toml': configuration, 'users.map': '' });
    const { code, stderr } = await run('table', 'get', 'user', 'joe');
    assert.equal(code, 64);
    assert.match(
      stderr,
      /^TABLE_UNKNOWN: There is no \[\[table\]\] with the name "user"\.\n +Did you mean "users"\?/,
    );
  });

  test('says why a table cannot be read', async (t) => {
    const { run } = world(t, { 'sluice.toml': configuration, 'users.map': 'joe\n' });
    const { code, stderr } = await run('table', 'get', 'users', 'joe');
    assert.equal(code, 75);
    assert.match(
      stderr,
      /^TABLE_BROKEN: Reading the table "users" from .*users\.map: line 1 has a key and no value\./,
    );
  });
});

suite('sluice table build', () => {
  test('builds a cdb that the table then has', async (t) => {
    const { run, path } = world(t, {
      'sluice.toml': configuration.replace('users.map', 'users.cdb'),
      'users.map': 'Joe a\njoe b\n',
    });
    const { code, stdout, stderr } = await run('table', 'build', 'users.cdb', 'users.map');
    assert.equal(code, 0);
    assert.equal(stdout, 'users.cdb holds 2 records.\n');
    assert.match(stderr, /^warning: users\.map: a line repeats the key of an earlier line, such as "joe"/);
    assert.equal((await run('table', 'get', 'users', 'joe')).stdout, 'a\nb\n');
    assert.deepEqual(readdirSync(path).toSorted(), ['sluice.toml', 'users.cdb', 'users.map']);
  });

  test('leaves the cdb of before when the text has a mistake', async (t) => {
    const { run, path } = world(t, { 'users.cdb': 'before', 'users.map': 'joe\n' });
    const { code, stderr } = await run('table', 'build', 'users.cdb', 'users.map');
    assert.equal(code, 1);
    assert.match(stderr, /^TABLE_BROKEN: Reading users\.map: line 1 has a key and no value\./);
    assert.deepEqual(readdirSync(path).toSorted(), ['users.cdb', 'users.map']);
  });

  test('asks for the kind of a text whose name does not tell it', async (t) => {
    const { run, path } = world(t, { 'users.txt': 'joe\nJOE\njim\n' });
    const { code, stderr } = await run('table', 'build', 'users.cdb', 'users.txt');
    assert.equal(code, 64);
    assert.match(
      stderr,
      /^TABLE_NAME: .*\n +Add --kind with list, key-value, passwd, aliases, postmap, smtproutes, rules\./,
    );
    const built = await run('table', 'build', 'users.cdb', 'users.txt', '--kind', 'list');
    assert.equal(built.stdout, 'users.cdb holds 2 records.\n', 'a key of a list counts once');
    assert.ok(existsSync(`${path}/users.cdb`));
  });

  test('writes nothing that is not a cdb by its name, and nothing without a text', async (t) => {
    const { run } = world(t, { 'users.map': 'joe a\n' });
    assert.match(
      (await run('table', 'build', 'users.map', 'users.cdb')).stderr,
      /^TABLE_NAME: users\.map does not end in \.cdb/,
    );
    assert.match(
      (await run('table', 'build', 'a.cdb', 'b.map')).stderr,
      /^TABLE_UNREADABLE: Reading b\.map: it does not exist/,
    );
    assert.match(
      (await run('table', 'build', 'no/a.cdb', 'users.map')).stderr,
      /^TABLE_UNWRITABLE: Building no\/a\.cdb/,
    );
  });
});

suite('sluice check', () => {
  test('warns of tables that cannot be read, and of keys that are there twice', async (t) => {
    const more = '[[table]]\nname = "others"\npath = "others.list"\n';
    const { run } = world(t, { 'sluice.toml': configuration + more, 'users.map': 'joe a\njoe b\n' });
    const { code, stdout } = await run('check');
    assert.equal(code, 0);
    assert.match(
      stdout,
      /warning: \S+:4:8: table\[1\]\.path: .*a line repeats the key of an earlier line, such as "joe"/,
    );
    assert.match(
      stdout,
      /warning: \S+:7:8: table\[2\]\.path: Reading the table "others" from .*: it does not exist\./,
    );
  });
});
