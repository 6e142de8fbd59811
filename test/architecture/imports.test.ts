// The imports between the rooms: every import of every source is read with a real parser and checked against rooms.ts.
// The last tests break the rules on purpose, so that a check that lets everything pass is found.

import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readSource } from './imports.ts';
import { brokenArrows, circles } from './rooms.ts';

const root = join(import.meta.dirname, '../..');
const files = globSync('{src,sim,bench,test,tools}/**/*.ts', { cwd: root });
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  dependencies: Record<string, string>;
};
const packages = new Set(Object.keys(manifest.dependencies));

const readings = files.map((file) => readSource(file, readFileSync(join(root, file), 'utf8')));
const imports = readings.flatMap((reading) => reading.imports);
const known = new Set([...files, 'package.json']);

test('imports point down the list of rooms', () => {
  assert.ok(imports.length > 0);
  assert.deepEqual(brokenArrows(imports, packages, known), []);
});

test('no source goes around the imports, and pure rooms use pure globals', () => {
  assert.deepEqual(
    readings.flatMap((reading) => reading.faults),
    [],
  );
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
  ['src/spool/a.ts', "export {} from '../deliver/b.ts';", 'deliver is above spool'],
  ['src/spool/a.ts', "type W = import('../deliver/b.ts').W;", 'deliver is above spool'],
  ['src/spool/a.ts', "declare module '../deliver/b.ts' {}", 'deliver is above spool'],
  ['src/receive/c.ts', "import { b } from '../deliver/b.ts';", 'deliver is beside receive'],
  ['src/spool/a.ts', "import { e } from '../../sim/e.ts';", 'sources import nothing outside src'],
  ['src/spool/a.ts', "import { gone } from './gone.ts';", 'there is no such file'],
  [
    'src/schedule/types.ts',
    "import fs from 'node:fs';",
    'schedule is pure: no I/O, clock, timer or randomness',
  ],
  [
    'src/schedule/types.ts',
    "import { isIP, connect } from 'node:net';",
    'schedule is pure: no I/O, clock, timer or randomness',
  ],
  [
    'src/schedule/types.ts',
    "import * as net from 'node:net';",
    'schedule is pure: no I/O, clock, timer or randomness',
  ],
  [
    'src/schedule/types.ts',
    "export * from 'node:net';",
    'schedule is pure: no I/O, clock, timer or randomness',
  ],
  [
    'src/schedule/types.ts',
    "type S = import('node:net').Socket;",
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
    const [fault] = brokenArrows(readSource(file, text).imports, packages, all);
    assert.match(fault ?? 'nothing found', new RegExp(`^${file}:1 imports .*: ${RegExp.escape(why)}$`, 'u'));
  });
}

const waysAround = [
  ['src/spool/a.ts', 'await import(`../deliver/b.ts`);', 'imports a computed name: write a plain string'],
  ['src/spool/a.ts', "await import(('../deliver/b.ts'));", 'imports a computed name: write a plain string'],
  ['src/spool/a.ts', "await import('../x.ts' as string);", 'imports a computed name: write a plain string'],
  [
    'src/spool/a.ts',
    "process.getBuiltinModule('node:fs');",
    'uses getBuiltinModule: import the module instead',
  ],
  [
    'src/spool/a.ts',
    "process['getBuiltinModule']('node:fs');",
    'uses getBuiltinModule: import the module instead',
  ],
  [
    'src/spool/a.ts',
    "import { createRequire } from 'node:module';",
    'uses createRequire: import the module instead',
  ],
  ['src/spool/a.ts', "require('node:fs');", 'uses require: import the module instead'],
] as const;
for (const [file, text, why] of waysAround) {
  test(`${file} may not say ${text}`, () => {
    // A name that is imported is seen twice: as the name in the module, and as the name in this file.
    assert.deepEqual(new Set(readSource(file, text).faults), new Set([`${file}:1 ${why}`]));
  });
}

const impure = [
  ['schedule', 'Date.now();', 'Date.now'],
  ['simulate', 'new Date();', 'new Date()'],
  ['simulate', 'Date();', 'Date'],
  ['simulate', 'const { now } = Date;', 'Date'],
  ['protocol', 'Math.random();', 'Math.random'],
  ['protocol', "Math['random']();", 'Math'],
  ['address', 'performance.now();', 'performance'],
  ['values', 'setTimeout(go, 1);', 'setTimeout'],
  ['values', 'setInterval(go, 1);', 'setInterval'],
  ['values', 'setImmediate(go);', 'setImmediate'],
  ['values', 'AbortSignal.timeout(1);', 'AbortSignal'],
  ['values', "fetch('http://127.0.0.1/');", 'fetch'],
  ['values', 'const { HOME } = process.env;', 'process'],
  ['values', 'globalThis.fetch;', 'globalThis'],
  ['values', 'call({ performance });', 'performance'],
] as const;
for (const [room, text, name] of impure) {
  test(`${room} may not say ${text}`, () => {
    const file = `src/${room}/a.ts`;
    const why = `${room} is pure: no I/O, clock, timer or randomness`;
    assert.deepEqual([...new Set(readSource(file, text).faults)], [`${file}:1 uses ${name}: ${why}`]);
  });
}

for (const text of [
  'new Date(ms).toISOString();',
  "Date.parse('2026-01-01');",
  'let at: Date; at instanceof Date;',
  'Math.max(1, 2);',
  'address.process(); call({ process: 1 });',
]) {
  test(`a pure room may say ${text}`, () => {
    assert.deepEqual(readSource('src/values/a.ts', text).faults, []);
  });
}

test('a room that is not pure may use clocks and timers', () => {
  assert.deepEqual(readSource('src/io/a.ts', 'setTimeout(go, Date.now());').faults, []);
});

test('a circle is found and named', () => {
  const circle = [
    ...readSource('src/dns/a.ts', "import './b.ts';").imports,
    ...readSource('src/dns/b.ts', "\nimport './c.ts';").imports,
    ...readSource('src/dns/c.ts', "import './a.ts';").imports,
  ];
  assert.deepEqual(circles(circle), ['src/dns/a.ts -> src/dns/b.ts -> src/dns/c.ts -> src/dns/a.ts']);
});
