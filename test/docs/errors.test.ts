// docs/errors.md explains every error code of Sluice, and no other.

import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pages, root } from './pages.ts';

/** Codes of one word, and those of the starter, which is plain JavaScript and has no error classes. */
const others = ['INTERNAL', 'RUNTIME_FAILED', 'RUNTIME_TOO_OLD', 'START_FAILED'];

const sources = [...globSync('src/**/*.ts', { cwd: root }), 'bin/sluice.js', 'bin/sluice'].map((file) =>
  readFileSync(join(root, file), 'utf8'),
);

function codesInSources(): Set<string> {
  // A literal of capitals with an underscore is a code, unless it names a variable of the environment.
  return new Set(
    sources.flatMap((text) =>
      [...text.matchAll(/(?<!process\.env\[)'([A-Z]+(?:_[A-Z]+)+)'/g)].map(([, code = '']) => code),
    ),
  );
}

function codesInPage(): Set<string> {
  const page = pages.find(({ file }) => file === 'docs/errors.md');
  assert.ok(page !== undefined);
  const firstCells = [...page.text.matchAll(/^\| (`[^|]+) \|/gm)].map(([, cell = '']) => cell);
  return new Set(
    firstCells.flatMap((cell) => [...cell.matchAll(/`([A-Z_]+)`/g)].map(([, code = '']) => code)),
  );
}

test('docs/errors.md explains every error code of the sources', () => {
  const codes = codesInSources();
  assert.ok(codes.size > 30, `only ${codes.size} codes found in the sources`);
  const explained = codesInPage();
  assert.deepEqual(
    [...codes, ...others].filter((code) => !explained.has(code)),
    [],
  );
});

test('docs/errors.md explains no error code that does not exist', () => {
  const codes = codesInSources();
  for (const code of codesInPage()) {
    const exists =
      codes.has(code) || (others.includes(code) && sources.some((text) => text.includes(`${code}: `)));
    assert.ok(exists, `${code} is in no source`);
  }
});
