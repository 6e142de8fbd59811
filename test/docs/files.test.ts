// Pages for developers name files that exist.

import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { test } from 'node:test';
import { type Page, pages, root } from './pages.ts';

const files = globSync('{src,sim,bench,test,tools}{,/**/*}', { cwd: root }).map((file) => `/${file}`);

/** Files and folders between backticks, such as `grant/run.ts` or `sim/disk/`, that are not the end of an existing path. */
function missingIn({ text }: Pick<Page, 'text'>): string[] {
  const named = [...text.matchAll(/`([a-z][a-z0-9/-]*(?:\.test)?\.ts|(?:[a-z0-9-]+\/)+)`/gu)].map(
    ([, name = '']) => name,
  );
  return named.filter(
    (name) => !files.some((file) => `${file}${name.endsWith('/') ? '/' : ''}`.endsWith(`/${name}`)),
  );
}

for (const name of ['CONTRIBUTING.md', 'docs/architecture.md', 'docs/rooms.md']) {
  test(`the files that ${name} names exist`, () => {
    const page = pages.find(({ file }) => file === name);
    assert.ok(page !== undefined);
    assert.deepEqual(missingIn(page), []);
  });
}

test('a file and a folder that do not exist are found', () => {
  const text = 'See `grant/run.ts`, `sim/disk/`, `grant/runs.ts`, `run.test.ts` and `sim/disks/`.';
  assert.deepEqual(missingIn({ text }), ['grant/runs.ts', 'run.test.ts', 'sim/disks/']);
});
