// docs/monitoring.md explains every kind of trouble and no other, and each kind is raised somewhere in the sources.

import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { troubleKinds } from '../../src/stats/trouble-kinds.ts';
import { pages, root } from './pages.ts';

test('docs/monitoring.md explains every kind of trouble', () => {
  const page = pages.find(({ file }) => file === 'docs/monitoring.md');
  const [, table = ''] = page?.text.split('## What can be wrong') ?? [];
  const explained = [...table.matchAll(/^\| `([^`]+)` \|/gm)].map(([, kind = '']) => kind);
  assert.deepEqual(explained, [...troubleKinds]);
});

test('every kind of trouble is raised somewhere', () => {
  const sources = globSync('src/**/*.ts', { cwd: root })
    .filter((file) => !file.startsWith('src/stats/'))
    .map((file) => readFileSync(join(root, file), 'utf8'))
    .join('\n');
  const raised = new Set(
    [...sources.matchAll(/[tT]roubles\??\.raise\(\s*['`](?<kind>[a-z]+)/g)].map(
      ({ groups }) => groups?.['kind'],
    ),
  );
  assert.deepEqual(
    troubleKinds.filter((kind) => !raised.has(kind)),
    [],
  );
});
