// docs/monitoring.md tells what every kind of trouble means and names no other.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { troubleKinds } from '../../src/stats/trouble-kinds.ts';
import { pages } from './pages.ts';

test('docs/monitoring.md explains every kind of trouble', () => {
  const page = pages.find(({ file }) => file === 'docs/monitoring.md');
  const [, table = ''] = page?.text.split('## What can be wrong') ?? [];
  const explained = [...table.matchAll(/^\| `([^`]+)` \|/gm)].map(([, kind = '']) => kind);
  assert.deepEqual(explained, [...troubleKinds]);
});
