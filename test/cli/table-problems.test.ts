// What `sluice check` says of tables: rules for users that no user can meet, and entries of tables of routes that cannot be used.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { tableProblems } from '../../src/cli/table-problems.ts';
import { buildCdb, textForms } from '../../src/table/build-cdb.ts';
import { parseConfig } from '../../src/config/config.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const cases: readonly (readonly [name: string, rule: string, users: string, expected: RegExp | undefined])[] =
  [
    ['a user with a domain', 'user:joe@example.com relay', 'directory', undefined],
    ['all users of a domain, and all users', 'user:@example.com relay\nuser:* relay', 'directory', undefined],
    [
      'a user without a domain, where each gets one',
      'user:joe relay',
      'directory and default domain',
      /the rule for user:joe holds for nobody, because every user has a domain .*: write user:joe@example\.com$/u,
    ],
    ['a user without a domain, where names may be all', 'user:joe relay', 'directory', undefined],
    [
      'a user, where nobody can log in',
      'user:joe relay',
      '',
      /user:joe holds for nobody: there is no \[\[directory\]\]/u,
    ],
  ];
for (const [name, rule, users, expected] of cases) {
  test(name, async (t) => {
    const { path: folder } = temporaryFolder(t, 'rules');
    writeFileSync(join(folder, 'clients.rules'), `${rule}\n`);
    const directory = users === '' ? '' : '[[directory]]\nname = "staff"\nkind = "users"\npath = "users"\n';
    const login = users.includes('default') ? '[login]\ndefault_domain = "example.com"\n' : '';
    const text = `[[table]]\nname = "clients"\npath = "clients.rules"\n[clients]\nrules = "clients"\n${login}${directory}`;
    const found = await tableProblems(parseConfig(text, join(folder, 'sluice.toml')));
    if (expected === undefined) assert.deepEqual(found, []);
    else assert.match(found[0]?.message ?? '', expected);
  });
}

const routeTable = '[[route_table]]\ntable = "routes"\n';

for (const [what, kind, text, expected] of [
  [
    'a transport that does not exist',
    'postmap',
    'a.test virtual:\n',
    [/^the entry of "a\.test": .*Its mail waits$/u],
  ],
  ['a key that no mail asks for', 'postmap', '*.a.test smtp:\n', [/written \.a\.test$/u]],
  ['a domain with its final dot', 'smtproutes', 'a.test.:relay.test\n', [/leave out the dot at its end$/u]],
  [
    'a route that does not exist',
    'key-value',
    'a.test fast\nb.test slow\n',
    [/no \[\[route\]\] has this name/u],
  ],
  [
    'a line without a colon',
    'smtproutes',
    'a.test\n:relay.test\n',
    [/^line 1 has no colon: look-ups of "a\.test" fail$/u],
  ],
  ['entries as they should be', 'postmap', 'a.test smtp:[relay.test]\n.a.test :\n* slow:\n', []],
] as const) {
  test(`in a table of routes: ${what}`, async (t) => {
    const { path: folder } = temporaryFolder(t, 'routes');
    writeFileSync(join(folder, 'routes'), text);
    const config = `[[table]]\nname = "routes"\npath = "routes"\nkind = "${kind}"\n${routeTable}${routeTable}[[route]]\nname = "slow"\nmx = true\ndomain = ["slow.invalid"]\n`;
    const found = await tableProblems(parseConfig(config, join(folder, 'sluice.toml')));
    assert.equal(found.length, expected.length, JSON.stringify(found));
    for (const [index, pattern] of expected.entries())
      assert.match(found[index]?.message.replace(`${join(folder, 'routes')}: `, '') ?? '', pattern);
  });
}

test('of a constant database, and of very many wrong entries, some are told', async (t) => {
  const { path: folder } = temporaryFolder(t, 'routes');
  const file = join(folder, 'routes.map');
  writeFileSync(file, Array.from({ length: 30 }, (_, at) => `d${at}.test virtual:\n`).join(''));
  await buildCdb(join(folder, 'routes.cdb'), file, textForms['key-value']);
  const config = `[[table]]\nname = "routes"\npath = "routes.cdb"\n${routeTable}form = "transport"\n`;
  const found = await tableProblems(parseConfig(config, join(folder, 'sluice.toml')));
  assert.equal(found.length, 11);
  assert.match(found.at(-1)?.message ?? '', /20 more entries have mistakes$/u);
});
