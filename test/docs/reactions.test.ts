// docs/built-in-reactions.md is generated from the built-in rules and is up to date.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ReactionRule } from '../../src/schedule/adapt/types.ts';
import { root } from './pages.ts';

// Named as a variable, so that the check of imports does not count it: tools/ is not a room.
type Generator = typeof import('../../tools/generate-reactions.ts');
const program = new URL('../../tools/generate-reactions.ts', import.meta.url).href;
const { renderReactions } = (await import(program)) as Generator;

test('docs/built-in-reactions.md is what its generator writes', () => {
  const page = readFileSync(join(root, 'docs/built-in-reactions.md'), 'utf8');
  assert.equal(page, renderReactions(), 'write it again with: node tools/generate-reactions.ts');
});

const rule: ReactionRule = {
  name: 'some host: too fast',
  origin: 'built in',
  source: 'https://postmaster.example.com/errors',
  code: '421',
  text: ' 4.7.0*slow',
  mx: ['*.mx.example.com'],
  action: { kind: 'slow', forMs: 7_200_000 },
};

test('a rule is a row under its provider, hosts and page', () => {
  const [, chapter] = renderReactions([rule]).split('\n## ');
  assert.deepEqual(
    chapter?.split('\n').filter((line) => line !== ''),
    [
      'some host',
      'Hosts: `*.mx.example.com`.',
      'From [postmaster.example.com](https://postmaster.example.com/errors):',
      '| code | text | is about | Sluice |',
      '|---|---|---|---|',
      '| `421` | `4.7.0*slow` | too fast | slow 2 h |',
    ],
  );
});

test('rules of one provider from two pages stand in one chapter, in their order', () => {
  const other = { ...rule, name: 'some host: busy', source: 'https://other.example.com/' };
  const page = renderReactions([rule, other, rule]);
  const marks = [...page.matchAll(/^## .*|^From \[.*?\]|\| (?:too fast|busy) \|/gm)].map(([mark]) => mark);
  assert.deepEqual(marks, [
    '## some host',
    'From [postmaster.example.com]',
    '| too fast |',
    'From [other.example.com]',
    '| busy |',
    'From [postmaster.example.com]',
    '| too fast |',
  ]);
});

for (const [action, text] of [
  [{ kind: 'pause', forMs: 1_800_000 }, 'pause 30 min'],
  [{ kind: 'next_host', forMs: 60_000 }, 'next host 1 min'],
  [{ kind: 'retry' }, 'this message only'],
] as const) {
  test(`${action.kind} reads "${text}"`, () => {
    assert.ok(renderReactions([{ ...rule, action }]).includes(`| ${text} |`));
  });
}
