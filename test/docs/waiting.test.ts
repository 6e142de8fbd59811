// docs/why-is-my-mail-waiting.md explains every text that says what mail waits for.

import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pages, root } from './pages.ts';

/** Source files that make these texts. */
const sources = ['blocker-text.ts', 'windows.ts', 'view.ts', 'site-rows.ts'];

/** The fixed words of texts: `is full` of `limit ${name} (${limit}) is full`. Single words are left out as too common. */
function fixedTexts(source: string): string[] {
  const code = source.replaceAll(/^\s*(?:\/\/|\/?\*|import ).*$/gm, '');
  const templates = [...code.matchAll(/`([^`]*)`/g)].flatMap(([, text = '']) => text.split(/\$\{[^}]*\}?/));
  const strings = [...code.matchAll(/'([^'\n]*)'/g)].map(([, text = '']) => text);
  return [...templates, ...strings]
    .map((text) => text.replaceAll(/[():]/g, '').trim())
    .filter((text) => /^[a-z]+(?: [a-z]+)+$/.test(text));
}

test('every text that says what mail waits for is explained', () => {
  const page = pages.find(({ file }) => file === 'docs/why-is-my-mail-waiting.md');
  const files = globSync('src/schedule/**/*.ts', { cwd: root }).filter((file) =>
    sources.some((name) => file.endsWith(`/${name}`)),
  );
  const texts = files.flatMap((file) => fixedTexts(readFileSync(join(root, file), 'utf8')));
  assert.ok(texts.length >= 8, `only ${texts.length} texts were found: ${texts.join(', ')}`);
  assert.deepEqual(
    texts.filter((text) => page?.text.includes(text) !== true),
    [],
  );
});

test('the fixed words of a template are found', () => {
  const source = [
    '// `not this one`',
    'const a = `limit \u0024{name} (\u0024{limit}) is full`;',
    "const b = isOverride ? 'suspended' : 'on hold';",
  ].join('\n');
  assert.deepEqual(fixedTexts(source), ['is full', 'on hold']);
});
