// The imports between the rooms: every import of every source is read with a real parser and checked against rooms.ts.
// The last tests break the rules on purpose, so that a check that lets everything pass is found.

import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';
import { parseSync } from 'oxc-parser';
import { brokenArrows, circles, type Import } from './rooms.ts';

const root = join(import.meta.dirname, '../..');
const files = globSync('{src,sim,bench,test}/**/*.ts', { cwd: root });
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  dependencies: Record<string, string>;
};
const packages = new Set(Object.keys(manifest.dependencies));

function importsOf(file: string, text: string): Import[] {
  const { module, errors } = parseSync(file, text);
  assert.deepEqual(
    errors.map((error) => error.message),
    [],
    `${file} does not parse`,
  );
  const requests = [
    ...module.staticImports.map((one) => one.moduleRequest),
    ...module.staticExports.flatMap((one) => one.entries.map((entry) => entry.moduleRequest)),
    ...module.dynamicImports.map(({ moduleRequest: { start, end } }) => {
      const literal = /^(['"])(.*)\1$/u.exec(text.slice(start, end));
      return literal ? { start, value: literal[2]! } : null; // a computed name names no room
    }),
  ];
  return requests
    .filter((request) => request !== null)
    .map(({ value, start }) => ({
      file,
      line: text.slice(0, start).split('\n').length,
      specifier: value,
      target: value.startsWith('.') ? normalize(join(dirname(file), value)) : null,
    }));
}

const imports = files.flatMap((file) => importsOf(file, readFileSync(join(root, file), 'utf8')));
const known = new Set([...files, 'package.json']);

test('imports point down the list of rooms', () => {
  assert.ok(imports.length > 0);
  assert.deepEqual(brokenArrows(imports, packages, known), []);
});

test('no file imports itself through others', () => {
  assert.deepEqual(circles(imports), []);
});

const all = new Set([
  'src/spool/a.ts',
  'src/deliver/b.ts',
  'src/receive/c.ts',
  'src/schedule/types.ts',
  'src/schedule/answer/f.ts',
  'src/schedule/change/g.ts',
  'src/schedule/store/h.ts',
  'sim/e.ts',
]);
const faults = [
  ['src/spool/a.ts', "import { b } from '../deliver/b.ts';", 'deliver is above spool'],
  ['src/spool/a.ts', "import type { B } from '../deliver/b.ts';", 'deliver is above spool'],
  ['src/spool/a.ts', "export * from '../deliver/b.ts';", 'deliver is above spool'],
  ['src/spool/a.ts', "await import('../deliver/b.ts');", 'deliver is above spool'],
  ['src/receive/c.ts', "import { b } from '../deliver/b.ts';", 'deliver is beside receive'],
  ['src/spool/a.ts', "import { e } from '../../sim/e.ts';", 'sources import nothing outside src'],
  ['src/spool/a.ts', "import { gone } from './gone.ts';", 'there is no such file'],
  [
    'src/schedule/types.ts',
    "import fs from 'node:fs';",
    'schedule is pure: no I/O, clock, timer or randomness',
  ],
  ['src/spool/a.ts', "import fc from 'fast-check';", "fast-check is not in package.json's dependencies"],
  [
    'src/schedule/store/h.ts',
    "import { T } from '../types.ts';",
    'schedule/types.ts is above schedule/store',
  ],
  [
    'src/schedule/answer/f.ts',
    "import { g } from '../change/g.ts';",
    'schedule/change is beside schedule/answer',
  ],
  [
    'src/schedule/attic/f.ts',
    "import { h } from '../store/h.ts';",
    'schedule/attic is not in the list of inner rooms',
  ],
  ['src/attic/f.ts', "import fs from 'node:fs';", 'attic is not in the list of rooms'],
] as const;
for (const [file, text, why] of faults) {
  test(`${file} may not say ${text}`, () => {
    const [fault] = brokenArrows(importsOf(file, text), packages, all);
    assert.match(fault ?? 'nothing found', new RegExp(`^${file}:1 imports .*: ${RegExp.escape(why)}$`, 'u'));
  });
}

test('a circle is found and named', () => {
  const circle = [
    ...importsOf('src/dns/a.ts', "import './b.ts';"),
    ...importsOf('src/dns/b.ts', "\nimport './c.ts';"),
    ...importsOf('src/dns/c.ts', "import './a.ts';"),
  ];
  assert.deepEqual(circles(circle), ['src/dns/a.ts -> src/dns/b.ts -> src/dns/c.ts -> src/dns/a.ts']);
});
