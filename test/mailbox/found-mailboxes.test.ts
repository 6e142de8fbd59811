// Mailboxes are found by the path of [mailboxes], whatever form it has.

import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { foundMailboxes } from '../../src/mailbox/found-mailboxes.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const forms: readonly (readonly [template: string, folders: readonly string[], found: readonly string[]])[] =
  [
    ['${domain}/${user}', ['a.test/joe', 'b.test/x.y'], ['joe@a.test', 'x.y@b.test']],
    ['${user}@${domain}/Maildir', ['joe@a.test/Maildir', 'other/Maildir'], ['joe@a.test']],
    ['box-${user}', ['box-joe', 'boxjoe'], ['joe']],
    ['${domain}/m/${user}-${domain}', ['a.test/m/joe-a.test', 'a.test/m/joe-b.test'], ['joe@a.test']],
  ];

for (const [template, folders, expected] of forms)
  test(`by ${template}`, async (t) => {
    const { path } = temporaryFolder(t, 'found');
    for (const folder of folders)
      for (const part of ['new', 'cur']) mkdirSync(join(path, folder, part), { recursive: true });
    mkdirSync(join(path, 'a.test/empty'), { recursive: true });
    const found: string[] = [];
    for await (const each of foundMailboxes(join(path, template))) found.push(each.address);
    assert.deepEqual(found.sort(), expected);
  });

test('without the folder of the mailboxes, there are none', async (t) => {
  const { path } = temporaryFolder(t, 'found');
  for await (const each of foundMailboxes(join(path, 'none/${user}'))) assert.fail(each.path);
});
