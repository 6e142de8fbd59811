// Pages for those who change the source name files that are there.

import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { test } from 'node:test';
import { type Page, pages, root } from './pages.ts';

const files = globSync('{src,sim,bench,test,tools}{,/**/*}', { cwd: root }).map((file) => `/${file}`);

/** Files and folders between backticks: `grant/run.ts`, `sim/disk/`; their last parts have to be those of a file. */
function missingIn({ text }: Pick<Page, 'text'>): string[] {
  const named = [...text.matchAll(/`([a-z][a-z0-9/-]*(?:\.test)?\.ts|(?:[a-z0-9-]+\/)+)`/gu)].map(
    ([, name = '']) => name,
  );
  return named.filter(
    (name) => !files.some((file) => `${file}${name.endsWith('/') ? '/' : ''}`.endsWith(`/${name}`)),
  );
}

for (const name of ['CONTRIBUTING.md', 'docs/architecture.md', 'docs/rooms.md']) {
  test(`the files that ${name} names are there`, () => {
    const page = pages.find(({ file }) => file === name);
    assert.ok(page !== undefined);
    assert.deepEqual(missingIn(page), []);
  });
}

test('a file and a folder that are not there are found', () => {
  const text = 'See `grant/run.ts`, `sim/disk/`, `grant/runs.ts`, `run.test.ts` and `sim/disks/`.';
  assert.deepEqual(missingIn({ text }), ['grant/runs.ts', 'run.test.ts', 'sim/disks/']);
});
