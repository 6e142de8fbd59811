// Every link in README and docs leads to a file and heading that exist.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { pages, proseOf, root } from './pages.ts';

/** As GitHub makes them: lower case, blanks become hyphens, punctuation goes. */
function anchorsOf(markdown: string): Set<string> {
  const headings = markdown.replaceAll(/^```.*?^```$/gms, '').matchAll(/^#+ +(.*)$/gm);
  return new Set(
    [...headings].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\- _]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

for (const page of pages) {
  const links = [...proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, link = '']) => link)
    .filter((link) => !/^[a-z]+:/.test(link));
  if (links.length === 0) continue;
  test(`links of ${page.file} lead somewhere`, () => {
    for (const link of links) {
      const [path = '', anchor] = link.split('#');
      const target = path === '' ? join(root, page.file) : join(root, dirname(page.file), path);
      assert.ok(existsSync(target), `${page.file}: there is no ${link}`);
      if (anchor === undefined) continue;
      const anchors = anchorsOf(readFileSync(target, 'utf8'));
      assert.ok(anchors.has(anchor), `${page.file}: ${link} names no heading of that page`);
    }
  });
}

test('every page of docs is reached from README', () => {
  const readme = pages.find(({ file }) => file === 'README.md');
  const missing = pages
    .filter(({ file }) => file.startsWith('docs/'))
    .filter(({ file }) => readme?.text.includes(`](${file})`) !== true)
    .map(({ file }) => file);
  assert.deepEqual(missing, []);
});
