// What `sluice check` finds in tables of aliases: each that leads nowhere, with its file and line.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { aliasProblems } from '../../src/cli/alias-problems.ts';
import { parseConfig } from '../../src/config/config.ts';
import { buildCdb, textForms } from '../../src/table/build-cdb.ts';
import { temporaryFolder } from '../temporary-folder.ts';

function ground(t: TestContext, recipients: string, aliasesFile = 'aliases.map') {
  const folder = temporaryFolder(t, 'alias-problems').path;
  const file = (name: string) => join(folder, name);
  const text = `
[[table]]
name = "users"
path = ${JSON.stringify(file('users.list'))}
[[table]]
name = "aliases"
path = ${JSON.stringify(file(aliasesFile))}
${aliasesFile === 'aliases' ? 'kind = "aliases"' : ''}
${recipients}`;
  const config = parseConfig(text, file('sluice.toml'));
  writeFileSync(file('users.list'), 'joe@a.test\njane@a.test\nann@b.test\n');
  const problems = async (): Promise<readonly string[]> =>
    (await aliasProblems(config)).map(({ message }) => message.replaceAll(`${folder}/`, ''));
  return { file, problems };
}

const both = `
[[recipients]]
domain = ["a.test", "b.test"]
table = "users"
aliases = "aliases"
`;

test('loops, targets that are not there and values that are no address are told with their lines', async (t) => {
  const { file, problems } = ground(t, both);
  writeFileSync(
    file('aliases.map'),
    'staff@a.test joe, jane, x@elsewhere.test\n@b.test ann@b.test\nann@b.test ann@b.test\n',
  );
  assert.deepEqual(await problems(), []);
  writeFileSync(
    file('aliases.map'),
    [
      '# aliases',
      'one@a.test two@a.test',
      'two@a.test three@b.test',
      'three@b.test one@a.test',
      '',
      'gone@a.test nobody@a.test',
      'some@a.test joe, nobody@a.test',
      'broken@a.test joe smith',
      'robot@a.test "|/usr/local/bin/robot"',
      '@b.test @a.test',
      'other@c.test nobody@c.test',
    ].join('\n'),
  );
  const [first, ...rest] = await problems();
  assert.match(
    first ?? '',
    /^aliases\.map, line 2: An alias goes in circles: one@a\.test -> two@a\.test -> three@b\.test -> one@a\.test\. Mail for it is answered with temporary errors\.$/,
  );
  assert.match(rest[0] ?? '', /^aliases\.map, line 3: An alias goes in circles/);
  assert.match(rest[1] ?? '', /^aliases\.map, line 4: An alias goes in circles/);
  assert.match(
    rest[2] ?? '',
    /^aliases\.map, line 6: The alias gone@a\.test stands for nobody@a\.test, and there is no such mailbox\. Mail for it is answered/,
  );
  assert.match(
    rest[3] ?? '',
    /^aliases\.map, line 7: The alias some@a\.test stands for nobody@a\.test, .* so mail for it is accepted\.$/,
  );
  assert.match(
    rest[4] ?? '',
    /^aliases\.map, line 8: The alias broken@a\.test cannot be read: "joe smith" is no address/,
  );
  assert.match(
    rest[5] ?? '',
    /^aliases\.map, line 10: The alias @b\.test stands for .*@a\.test, and there is no such mailbox/,
  );
  assert.equal(rest.length, 6);
});

test('names without a domain are followed at each domain, and a table is told of once', async (t) => {
  const { file, problems } = ground(t, `${both}key = "local_part"\n`);
  writeFileSync(file('users.list'), 'joe\n');
  writeFileSync(file('aliases.map'), 'root joe\nwww nobody\n');
  assert.deepEqual(await problems(), [
    'aliases.map, line 2: The alias www stands for nobody@a.test, and there is no such mailbox. Mail for it is answered with temporary errors.',
  ]);
});

test('mailboxes that only somebody else knows are taken to exist; loops are told all the same', async (t) => {
  const { file, problems } = ground(
    t,
    '[[recipients]]\ndomain = ["a.test"]\nprogram = ["/bin/false"]\naliases = "aliases"\n[[recipients]]\ndomain = ["b.test"]\nprogram = ["/bin/false"]\n',
  );
  writeFileSync(
    file('aliases.map'),
    'staff@a.test nobody@a.test\nus@a.test nobody@b.test\nx@a.test y@a.test\ny@a.test x@a.test\n',
  );
  const found = await problems();
  assert.deepEqual(
    found.map((each) => each.split(':', 1)[0]),
    ['aliases.map, line 3', 'aliases.map, line 4'],
  );
});

test('a cdb has no lines, a table that cannot be read is told elsewhere, and many problems are counted', async (t) => {
  const { file, problems } = ground(t, both, 'aliases.cdb');
  assert.deepEqual(await problems(), []);
  const text = Array.from({ length: 25 }, (_, index) => `n${index}@a.test gone${index}@a.test\n`).join('');
  writeFileSync(file('aliases.map'), text);
  await buildCdb(file('aliases.cdb'), file('aliases.map'), textForms['key-value']);
  const found = await problems();
  assert.equal(found.length, 21);
  assert.match(found[0] ?? '', /^aliases\.cdb: The alias n0@a\.test stands for gone0@a\.test/);
  assert.equal(found[20], 'aliases.cdb: 5 more aliases like these');
});

test('programs, files and lists are mistakes where this host expands the aliases for users of the directory', async (t) => {
  const { file, problems } = ground(
    t,
    `[[directory]]
name = "a"
kind = "users"
path = "/users"
[mailboxes]
aliases = "aliases"
[[route]]
domain = ["a.test"]
mailbox = true
`,
    'aliases',
  );
  writeFileSync(
    file('aliases'),
    'one@a.test: joe\ntwo@a.test: "|/bin/x",\n  joe\nthree@a.test: one, two\nfour@a.test: :include:/list\n',
  );
  assert.deepEqual(await problems(), [
    'aliases, line 2: The alias two@a.test names "|/bin/x", which is only for users of the system. Mail for it is answered with temporary errors.',
    'aliases, line 4: The alias two@a.test names "|/bin/x", which is only for users of the system. Mail for it is answered with temporary errors.',
    'aliases, line 5: The alias four@a.test names ":include:/list", which is only for users of the system. Mail for it is answered with temporary errors.',
  ]);
});
