// One way to write code in all rooms: every source file is held against the rules of style.ts. The tests after that break
// each rule on purpose, so that a rule that lets everything pass is found.

import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { allRules, faultsOf, sourceOf } from './style.ts';

const root = join(import.meta.dirname, '../..');
const files = globSync('{src,sim,bench,test,tools}/**/*.ts', { cwd: root });
const sources = files.map((file) => sourceOf(file, readFileSync(join(root, file), 'utf8')));

test('all sources are written in one style', () => {
  assert.ok(sources.length > 0);
  assert.deepEqual(
    sources.flatMap((source) => faultsOf(source, allRules)),
    [],
  );
});

const faults = [
  ['src/spool/a.ts', 'count += 1;', 'counts by one: write ++ or --'],
  ['src/spool/a.ts', 'for (let row = 9; row > 0; row -= 1) take(row);', 'counts by one: write ++ or --'],
  [
    'test/spool/a.test.ts',
    'export const RETRY_MS = 500;',
    'names a constant in capitals: write retryMs, not RETRY_MS',
  ],
] as const;
for (const [file, text, why] of faults) {
  test(`${file} may not say ${text}`, () => {
    assert.deepEqual(faultsOf(sourceOf(file, text), allRules), [`${file}:1 ${why}`]);
  });
}
