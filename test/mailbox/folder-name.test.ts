// Folders by the extension of an address, which strangers write.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { folderOfExtension } from '../../src/mailbox/maildir/folder-name.ts';

const cases: readonly (readonly [extension: string, folder: string | undefined])[] = [
  ['lists', '.lists'],
  ['lists.work', '.lists.work'],
  ['Büro', '.B&APw-ro'],
  ['日本', '.&ZeVnLA-'],
  ['a&b', '.a&-b'],
  ['😀', '.&2D3eAA-'],
  ['a.b.c.d.e', '.a.b.c.d.e'],
  ['a.b.c.d.e.f', undefined],
  ['', undefined],
  ['.', undefined],
  ['..', undefined],
  ['.a', undefined],
  ['a.', undefined],
  ['a..b', undefined],
  ['../cur', undefined],
  ['a/b', undefined],
  ['a\\b', undefined],
  ['a*', undefined],
  ['a%', undefined],
  ['a\0', undefined],
  ['a\n', undefined],
  [' a', undefined],
  ['a .b', undefined],
  ['inbox', undefined],
  ['INBOX.x', undefined],
  ['\ud800', undefined],
  ['x'.repeat(119), `.${'x'.repeat(119)}`],
  ['x'.repeat(120), undefined],
];

for (const [extension, folder] of cases)
  test(`the extension ${JSON.stringify(extension.slice(0, 20))} is ${folder?.slice(0, 20) ?? 'no folder'}`, () =>
    assert.equal(folderOfExtension(extension), folder));

test('whatever an extension is, its folder is one name of printable ASCII below the mailbox', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (extension) => {
      const folder = folderOfExtension(extension);
      if (folder === undefined) return;
      assert.match(folder, /^\.[\x20-\x7e]{1,119}$/u);
      assert.ok(!folder.includes('/') && !folder.includes('..') && !folder.endsWith('.'));
    }),
  );
});

test('different extensions have different folders', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (one, other) => {
      const [first, second] = [folderOfExtension(one), folderOfExtension(other)];
      if (first !== undefined && one !== other) assert.notEqual(first, second);
    }),
  );
});
