// docs/rfcs.md is generated from the sources' references to RFCs and is up to date.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

// Named as a variable, so that the check of imports does not count it: tools/ is not a room.
type Generator = typeof import('../../tools/generate-rfcs.ts');
const program = new URL('../../tools/generate-rfcs.ts', import.meta.url).href;
const { referencesIn, renderRfcs } = (await import(program)) as Generator;

const root = join(import.meta.dirname, '../..');

test('docs/rfcs.md is what its generator writes', () => {
  const page = readFileSync(join(root, 'docs/rfcs.md'), 'utf8');
  const today = renderRfcs(root);
  if (page === today) return;
  const [written, wanted] = [page, today].map((text) => new Set(text.split('\n')));
  const differences = [
    ...[...written!.difference(wanted!)].map((line) => `- ${line}`),
    ...[...wanted!.difference(written!)].map((line) => `+ ${line}`),
  ];
  assert.fail(`write it again with: node tools/generate-rfcs.ts\n${differences.join('\n')}`);
});

const readings: readonly (readonly [string, readonly string[]])[] = [
  ['// RFC 5321 4.5.2', ['5321 4.5.2']],
  ['// (RFC 5321 4.2, RFC 3463 2).', ['5321 4.2', '3463 2']],
  ['// RFC 5321 4.1.2, 4.1.3; RFC 5890 2.3.2.1', ['5321 4.1.2', '5321 4.1.3', '5890 2.3.2.1']],
  ['// RFC 3461 4.1 and 5.2.7', ['3461 4.1', '3461 5.2.7']],
  ['// RFC 5321 4.1.1.3 and appendix C', ['5321 4.1.1.3', '5321 appendix C']],
  ['// RFC 5321, 2920, 3030 as a machine', ['5321 as a whole', '2920 as a whole', '3030 as a whole']],
  ['// RFC 3463 X.4.6: loop', ['3463 X.4.6']],
  ['// RFC 1870 4: up to 20 digits', ['1870 4']],
  ['// RFC 2034): the codes 4.2.1', ['2034 as a whole']],
  ['// RFC 5321 asks for 100 at least.', ['5321 as a whole']],
  ['// RFC 5321 4.5.4.1 asks for 4 to 5 days', ['5321 4.5.4.1']],
  ['// as in RFC 5321\n  // 6.3 says', ['5321 6.3']],
  ['/** RFC 6531\n * 3.3 */', ['6531 3.3']],
];

for (const [source, expected] of readings) {
  test(`references are read from ${JSON.stringify(source)}`, () => {
    assert.deepEqual(
      referencesIn(source).map(({ rfc, section }) => `${rfc} ${section}`),
      expected,
    );
  });
}
