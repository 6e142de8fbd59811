// Changes of a file of aliases: what is not changed stays, and what is written is read back as it was meant, by the table as well.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { AliasLines } from '../../src/table/alias-lines.ts';
import type { Contents } from '../../src/table/contents.ts';
import { readTable } from '../../src/table/read-table.ts';
import { temporaryFolder } from '../temporary-folder.ts';

async function tableOf(
  t: TestContext,
  text: string,
  kind: 'aliases' | 'key-value' = 'aliases',
): Promise<Contents> {
  const path = join(temporaryFolder(t, 'alias-lines').path, 'aliases');
  writeFileSync(path, text);
  return readTable({ name: 'a', kind, path });
}

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
    { name: 'staff@a.test', value: 'joe,\tsue' },
    { name: 'j d', value: 'jd@b.test' },
    { name: '@old.test', value: '@new.test' },
    { name: 'staff@a.test', value: 'ann' },
  ]);
  assert.equal(lines.text, text);
  assert.equal(lines.valueOf('staff@a.test'), 'joe,\tsue, ann');
  assert.equal(lines.valueOf('none@a.test'), undefined);
});

test('a change replaces the first entry of a name, and takes the others away', () => {
  const lines = AliasLines.read(file.replace('"j d"@a.test : jd@b.test\n', ''), 'aliases');
  assert.equal(
    lines.with('staff@a.test', ['x@b.test']).with('new@a.test', ['y@b.test']).text,
    '# ours\n\nstaff@a.test: x@b.test\n@old.test:@new.test\n# last\nnew@a.test: y@b.test\n',
  );
  assert.equal(lines.with('staff@a.test', []).text, '# ours\n\n@old.test:@new.test\n# last\n');
});

for (const [text, name] of [
  ['no colon\n', undefined],
  [': joe\n', undefined],
  ['joe:\n', 'joe'],
  ['Joe:  \r\n', 'joe'],
  ['a b: joe\n', undefined],
  ['"joe: sue\n', undefined],
  ['"joe" x: sue\n', 'joe'],
  ['joe:\u0001\n', 'joe'],
  ['  joe: sue\n', undefined],
] as const)
  test(`is no alias, and keeps no other from being one: ${JSON.stringify(text)}`, async (t) => {
    const lines = AliasLines.read(`${text}sue: ann\n`, 'aliases');
    const isControl = text.includes('\u0001');
    assert.deepEqual(
      lines.unread.map((each) => each.name),
      isControl ? [] : [name],
    );
    assert.equal(lines.valueOf('sue'), 'ann');
    assert.equal(lines.with('new', ['x@a.test']).text, `${text}sue: ann\nnew: x@a.test\n`);
    const table = await tableOf(t, `${text}sue: ann\n`);
    const [ofSue, ofName] = await table.lookup(['sue', name ?? 'none']);
    assert.deepEqual(ofSue, { kind: 'found', values: ['ann'] });
    assert.equal(ofName?.kind, name === undefined ? 'absent' : 'failing');
    assert.equal(table.faults?.length, 1);
  });

test('of a name with an entry that cannot be read, the others count', async (t) => {
  const text = 'joe:\njoe: sue\n';
  const [answer] = await (await tableOf(t, text)).lookup(['joe']);
  assert.deepEqual(answer, { kind: 'found', values: ['sue'] });
  assert.equal(AliasLines.read(text, 'aliases').with('joe', ['ann']).text, 'joe: ann\n');
});

test('an alias for many addresses is written on several lines, and read as one', async (t) => {
  const values = Array.from({ length: 400 }, (_, at) => `somebody.with.a.name.${at}@example.com`);
  for (const form of ['aliases', 'key-value'] as const) {
    const { text } = AliasLines.read('', form).with('all@a.test', values);
    assert.ok(text.split('\n').every((line) => line.length <= 120));
    assert.equal(
      AliasLines.read(text, form).valueOf('all@a.test')?.replaceAll(/,\s+/gu, ', '),
      values.join(', '),
    );
    const [answer] = await (await tableOf(t, text, form)).lookup(['all@a.test']);
    assert.equal(
      answer?.kind === 'found' && answer.values.join(', ').replaceAll(/,\s+/gu, ', '),
      values.join(', '),
    );
  }
  assert.throws(
    () =>
      AliasLines.read('', 'aliases').with(
        'x',
        Array.from({ length: 70 }, () => 'y'.repeat(1000)),
      ),
    RangeError,
  );
});

test('lines are as long as entries; a longer one is at fault alone', async (t) => {
  const long = `all: ${'a@b.test,'.repeat(7_000)}`;
  const [answer] = await (await tableOf(t, `${long}\nsue: ann\n`)).lookup(['all']);
  assert.equal(answer?.kind === 'found' && answer.values[0]?.length, long.length - 5);
  for (const length of [66_000, 262_144, 262_145, 300_000, 1_000_000])
    for (const end of ['\n', '\r\n', '\n more\n', '']) {
      const tooLong = `all: ${'x'.repeat(length)}${end}`;
      const text = end === '' ? `sue: ann\n${tooLong}` : `${tooLong}sue: ann\n`;
      const table = await tableOf(t, text);
      const [ofAll, ofSue] = await table.lookup(['all', 'sue']);
      assert.deepEqual(ofSue, { kind: 'found', values: ['ann'] }, `${length}${JSON.stringify(end)}`);
      assert.equal(ofAll?.kind, 'failing');
      assert.match(table.faults?.[0] ?? '', /^line \d is longer than 65536 bytes: look-ups of "all" fail$/u);
      assert.equal(table.endsEarly, end === '');
    }
  const joined = `all: a,\n${' b@c.test,\n'.repeat(8_000)}sue: ann\n`;
  const [ofAll, ofSue] = await (await tableOf(t, joined)).lookup(['all', 'sue']);
  assert.deepEqual([ofAll?.kind, ofSue?.kind], ['failing', 'found']);
});

test('any lines are read as the table reads them, and what cannot be read is the same for both', async (t) => {
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
      const lines = AliasLines.read(text, 'aliases');
      const table = await readTable({ name: 'a', kind: 'aliases', path });
      for (const { name } of lines.entries) {
        const [answer] = await table.lookup([name]);
        assert.equal(answer?.kind, 'found');
        const joined = answer?.kind === 'found' ? answer.values.join(', ') : '';
        assert.equal(joined.replaceAll(/\s+/gu, ' '), (lines.valueOf(name) ?? '').replaceAll(/\s+/gu, ' '));
      }
      for (const { name } of lines.unread)
        if (name !== undefined && lines.valueOf(name) === undefined)
          assert.equal((await table.lookup([name]))[0]?.kind, 'failing');
      assert.equal(table.faults?.length, Math.min(lines.unread.length, 6));
      await table.close();
    }),
    {
      numRuns: 300,
      examples: [
        [['joe', '\n ', ': ']],
        [['"', '\n ', '"']],
        [['"', '"', ': ', 'joe']],
        [['"', '\n ', '"', ':', 'joe']],
      ],
    },
  );
});
