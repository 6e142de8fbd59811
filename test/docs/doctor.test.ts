// docs/doctor.md explains every finding of `sluice doctor` with its severity, and no other.

import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkKinds } from '../../src/cli/doctor/check.ts';
import { notSeenCode } from '../../src/cli/doctor/finding.ts';
import { pages, root } from './pages.ts';

const severities = new Set(['error', 'warning', 'note']);

/** Codes with their severities, by calls such as `warning('disk-space', ...)`. */
function codesInSources(): Map<string, Set<string>> {
  const found = new Map([[notSeenCode, new Set(['note'])]]);
  for (const file of globSync('src/cli/doctor/**/*.ts', { cwd: root })) {
    const text = readFileSync(join(root, file), 'utf8');
    // A call of `finding`, `(isLast ? error : warning)` and so on has one severity or the other.
    for (const [, named = '', code = ''] of text.matchAll(
      /\b(error|warning|note|finding|warning\))\(\s*'([a-z]+(?:-[a-z0-9]+)+)'/gu,
    )) {
      const known = found.get(code) ?? new Set();
      for (const each of severities.has(named) ? [named] : ['error', 'warning']) known.add(each);
      found.set(code, known);
    }
  }
  return found;
}

function rows(): Map<string, Set<string>> {
  const page = pages.find(({ file }) => file === 'docs/doctor.md');
  const [, table = ''] = page?.text.split('## Findings') ?? [];
  return new Map(
    [...table.matchAll(/^\| `([a-z0-9-]+)` \| ([a-z, ]+) \| [^|]+ \| [^|]+ \|$/gm)].map(
      ([, code = '', words = '']) => [code, new Set(words.split(', '))] as const,
    ),
  );
}

test('docs/doctor.md explains every finding with its severities, and no other', () => {
  const sources = codesInSources();
  assert.ok(sources.size > 20, `only ${sources.size} codes found in the sources`);
  const sorted = (all: Map<string, Set<string>>): string[] =>
    [...all].map(([code, words]) => `${code}: ${[...words].sort().join(', ')}`).sort();
  assert.deepEqual(sorted(rows()), sorted(sources));
});

test('the code of a finding begins with a kind of checks, so that --only finds it', () => {
  for (const code of codesInSources().keys()) {
    if (code === notSeenCode) continue;
    assert.ok(
      checkKinds.some((kind) => code.startsWith(`${kind}-`)),
      `${code} is of no kind`,
    );
  }
});
