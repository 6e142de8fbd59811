// What `sluice check` says of rules for users that no user can meet.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { tableProblems } from '../../src/cli/table-problems.ts';
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
