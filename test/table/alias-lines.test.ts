// Changes of a file of aliases: what is not changed stays, and what is written is read back as it was meant, by the table as well.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { AliasLines } from '../../src/table/alias-lines.ts';
import { readTable } from '../../src/table/read-table.ts';

const file = `# ours

staff@a.test: joe,
\tsue
"j d"@a.test : jd@b.test
@old.test:@new.test
# last
staff@a.test:ann
`;

test('entries are read with their continuations, quotation marks and repetitions', () => {
  const text = file.replace('"j d"@a.test', '"j d"');
  const lines = AliasLines.read(text, 'aliases');
  assert.deepEqual(lines.entries, [
    { name: 'staff@a.test', value: 'joe, \tsue' },
    { name: 'j d', value: 'jd@b.test' },
    { name: '@old.test', value: '@new.test' },
    { name: 'staff@a.test', value: 'ann' },
  ]);
  assert.equal(lines.text, text);
  assert.equal(lines.valueOf('staff@a.test'), 'joe, \tsue, ann');
  assert.equal(lines.valueOf('none@a.test'), undefined);
});

test('a change replaces the first entry of a name, and takes the others away', () => {
  const lines = AliasLines.read(file.replace('"j d"@a.test : jd@b.test\n', ''), 'aliases');
  assert.equal(
    lines.with('staff@a.test', 'x@b.test').with('new@a.test', 'y@b.test').text,
    '# ours\n\nstaff@a.test: x@b.test\n@old.test:@new.test\n# last\nnew@a.test: y@b.test\n',
  );
  assert.equal(lines.with('staff@a.test', undefined).text, '# ours\n\n@old.test:@new.test\n# last\n');
});

for (const text of ['no colon\n', ': joe\n', 'joe:\n', 'a b: joe\n', '"joe: sue\n', '"joe" x: sue\n'])
  test(`is no alias: ${JSON.stringify(text)}`, () => {
    assert.throws(() => AliasLines.read(text, 'aliases'), { code: 'TABLE_BROKEN' });
  });

test('any lines are read as the table reads them, or refused by both', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-alias-lines-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'aliases');
  const part = fc.constantFrom(
    'joe',
    'sue@a.test',
    ':',
    ': ',
    ', ',
    '"',
    '\\',
    '#',
    ' ',
    '\t',
    '\n',
    '\n ',
    '@a.test',
    '|x',
  );
  await fc.assert(
    fc.asyncProperty(fc.array(part, { maxLength: 30 }), async (parts) => {
      const text = `${parts.join('')}\n`;
      writeFileSync(path, text);
      let lines: AliasLines | undefined;
      try {
        lines = AliasLines.read(text, 'aliases');
      } catch {
        await assert.rejects(readTable({ name: 'a', kind: 'aliases', path }), { code: 'TABLE_BROKEN' });
        return;
      }
      const table = await readTable({ name: 'a', kind: 'aliases', path });
      for (const { name } of lines.entries) {
        const [answer] = await table.lookup([name]);
        const joined = answer?.kind === 'found' ? answer.values.join(', ') : '';
        assert.equal(joined.replaceAll(/\s+/gu, ' '), (lines.valueOf(name) ?? '').replaceAll(/\s+/gu, ' '));
      }
      await table.close();
    }),
    { numRuns: 300 },
  );
});
