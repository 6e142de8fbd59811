// One style of code in all rooms: every source file is checked against the rules of style.ts. The tests after that break each
// rule on purpose, so that a rule that lets everything pass is found.

import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  allRules,
  faultsOf,
  header,
  lengths,
  needlessExceptions,
  readonlyTypes,
  removals,
  sourceOf,
  titles,
} from './style.ts';

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

test('every file in the list of longer files exists and is longer than the usual limit', () => {
  assert.deepEqual(needlessExceptions(sources), []);
  assert.ok(needlessExceptions([]).length > 0);
});

const head = '// What it is.\n\n';
const faults = [
  ['src/spool/a.ts', 'count += 1;', 'counts by one: write ++ or --'],
  ['src/spool/a.ts', 'for (let row = 9; row > 0; row -= 1) take(row);', 'counts by one: write ++ or --'],
  [
    'test/spool/a.test.ts',
    'export const RETRY_MS = 500;',
    'names a constant in capitals: write retryMs, not RETRY_MS',
  ],
  [
    'src/spool/a.ts',
    'export const ends = (text: string): boolean => text === "";',
    'keeps a function in a constant: declare it (function name() {})',
  ],
  ['src/spool/a.ts', 'class Writer { private end = 0; }', 'says private: write #name'],
  ['src/spool/a.ts', 'class Writer { private end() {} }', 'says private: write #name'],
  [
    'test/spool/a.test.ts',
    'await new Promise((resolve) => setTimeout(resolve, 50));',
    'waits for a time: wait for an event, or use virtual time',
  ],
  [
    'test/spool/a.test.ts',
    "import { setTimeout as wait } from 'node:timers/promises';",
    'waits for a time: wait for an event, or use virtual time',
  ],
  ['test/spool/a.test.ts', "test('should append', () => {});", titles.asks],
  ['test/spool/a.test.ts', "test('appends.', () => {});", titles.asks],
  ['test/spool/a.test.ts', "it('appends', () => {});", titles.asks],
  ['test/spool/a.test.ts', "describe('a spool', () => { test('appends', () => {}); });", titles.asks],
  ['src/spool/types.ts', 'export interface Entry { length: number }', readonlyTypes.asks],
  ['src/spool/a.ts', "import { rmSync } from 'node:fs';", removals.asks],
] as const;
for (const [file, text, why] of faults) {
  test(`${file} may not say ${text}`, () => {
    assert.deepEqual(faultsOf(sourceOf(file, head + text), allRules), [`${file}:3 ${why}`]);
  });
}

for (const text of [
  '',
  'let a = 1;\n',
  '// What it is.\nlet a = 1;\n',
  '/* What it is. */\n\nlet a = 1;\n',
]) {
  test(`a file may not begin with ${JSON.stringify(text)}`, () => {
    assert.deepEqual(faultsOf(sourceOf('src/spool/a.ts', text), allRules), [
      `src/spool/a.ts:1 ${header.asks}`,
    ]);
  });
}

test('a file of sources has at most 300 lines, one of tests, models and benchmarks 400', () => {
  const faultsAt = (file: string, lines: number): string[] =>
    faultsOf(sourceOf(file, head + 'go();\n'.repeat(lines - 2)), allRules);
  assert.deepEqual(faultsAt('src/spool/a.ts', 300), []);
  assert.deepEqual(faultsAt('src/spool/a.ts', 301), [`src/spool/a.ts:302 ${lengths.asks}`]);
  assert.deepEqual(faultsAt('test/spool/a.test.ts', 400), []);
  assert.deepEqual(faultsAt('test/spool/a.test.ts', 401), [`test/spool/a.test.ts:402 ${lengths.asks}`]);
});

const allowed = [
  ['src/spool/a.ts', 'const by: Comparator = (a, b) => a - b;'],
  ['src/spool/a.ts', 'class Writer { private constructor() {} }'],
  ['src/spool/a.ts', 'setTimeout(end, 50);'],
  ['test/spool/a.test.ts', "describe('a spool', () => { it('appends', () => {}); });"],
] as const;
for (const [file, text] of allowed) {
  test(`${file} may say ${text}`, () => {
    assert.deepEqual(faultsOf(sourceOf(file, head + text), allRules), []);
  });
}
