// Tables of text: what lines may look like, and what is a mistake.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import type { Contents } from '../../src/table/contents.ts';
import { readTable } from '../../src/table/read-table.ts';
import type { FileSettings } from '../../src/table/table.ts';
import { tableKey } from '../../src/table/table-key.ts';
import { temporaryFolder } from '../temporary-folder.ts';

type TextKind = Exclude<FileSettings['kind'], 'cdb'>;

function reading(t: TestContext, kind: TextKind, bytes: string | Uint8Array): Promise<Contents> {
  const path = `${temporaryFolder(t, 'table').path}/table`;
  writeFileSync(path, bytes);
  return readTable({ name: 'users', kind, path });
}

async function valuesIn(contents: Contents, key: string): Promise<readonly string[] | string | undefined> {
  const [answer] = await contents.lookup([tableKey(key)]);
  return answer?.kind === 'found' ? answer.values : answer?.kind;
}

for (const [name, kind, text, key, values] of [
  ['a quoted local part in a list', 'list', '"jim joe"@a.test\n', '"jim joe"@a.test', []],
  [
    'a line of Postfix goes on in the next',
    'postmap',
    'far.test\n  smtp:\n # no\n\t[r.test]\n',
    'far.test',
    ['smtp:\t[r.test]'],
  ],
  ['the first entry of a key of Postfix counts', 'postmap', 'a.test one:\nA.test two:\n', 'a.test', ['one:']],
  [
    'a line of qmail has its value behind the first colon',
    'smtproutes',
    'a.test:r.test:26 \n',
    'a.test',
    ['r.test:26'],
  ],
  ['a line of qmail without a key is for all', 'smtproutes', ':r.test\n', '*', ['r.test']],
  ['an empty relay of qmail is a value', 'smtproutes', 'a.test:\n', 'a.test', ['']],
  ['white space around a key of a list is no part of it', 'list', ' \tjoe \t\n', 'joe', []],
  ['a key of a list may have spaces in it', 'list', '"j d"@example.com\n', '"j d"@example.com', []],
  ['CRLF ends a line', 'key-value', 'joe one\r\njane two\r\n', 'joe', ['one']],
  ['the last line needs no end', 'key-value', 'joe one', 'joe', ['one']],
  ['a byte order mark is no part of the first key', 'list', '\ufeffjoe\n', 'joe', []],
  ['comments and empty lines are skipped', 'list', '#joe\n  # jane\n\n \t\r\njim\n', 'jim', []],
  ['a comment is no key', 'list', '#joe\n', '#joe', 'absent'],
  ['# later in a line is part of it', 'key-value', 'joe one # two\n', 'joe', ['one # two']],
  ['keys are found in any case', 'list', 'Joe@Example.COM\n', 'joe@EXAMPLE.com', []],
  [
    'a domain with letters outside ASCII is found by its A-labels',
    'list',
    '@Bücher.example\n',
    '@xn--bcher-kva.example',
    [],
  ],
  ['a composed letter is found by its decomposed form', 'list', 'jo\u0308rg\n', 'j\u00f6rg', []],
  ['a value goes to the end of its line', 'key-value', 'joe\t  one two \t\n', 'joe', ['one two']],
  [
    'a quoted local part may have white space in it',
    'key-value',
    '"j \\" d"@example.com one\n',
    '"j \\" d"@example.com',
    ['one'],
  ],
  [
    'values of several lines are in their order',
    'key-value',
    'joe b\njane x\nJOE a\njoe b\n',
    'joe',
    ['b', 'a', 'b'],
  ],
  [
    'the value of passwd goes on after more colons',
    'passwd',
    'joe:x:1000::/home/joe\n',
    'joe',
    ['x:1000::/home/joe'],
  ],
  ['the value of passwd may be empty', 'passwd', 'joe:\n', 'joe', ['']],
  ['the first line of passwd counts', 'passwd', 'joe:one\njoe:two\n', 'joe', ['one']],
  ['an empty file has no keys', 'list', '', 'joe', 'absent'],
  ['a line of 8,192 bytes is read', 'list', `${'x'.repeat(8192)}\r\n`, 'x'.repeat(8192), []],
] as const) {
  test(`${kind}: ${name}`, async (t) => {
    assert.deepEqual(await valuesIn(await reading(t, kind, text), key), values);
  });
}

for (const [name, kind, text, message] of [
  ['a line that is too long', 'list', `joe\n${'x'.repeat(8193)}\n`, /line 2 is longer than 8192 bytes/],
  ['a file without line ends', 'list', 'x'.repeat(200_000), /line 1 is longer than 8192 bytes/],
  ['Latin-1', 'list', Buffer.from('joe\nj\u00f6rg\n', 'latin1'), /line 2 is not UTF-8/],
  ['UTF-16', 'list', Buffer.from('\ufeffjoe\n', 'utf16le'), /the file is in UTF-16/],
  ['a control character', 'list', 'joe\u0001\n', /line 1 has the control character 0x01/],
  ['a key without a value', 'key-value', 'joe one\njane\n', /line 2 has a key and no value/],
  ['a line of a list with two words', 'list', 'jim\njoe one\n', /line 2 has white space between its words/],
  ['a line that begins with white space', 'key-value', 'joe one,\n  two\n', /line 2 begins with white space/],
  ['a quotation mark that is not closed', 'key-value', '"joe one\n', /line 1 has a quotation mark/],
  ['a line of passwd without a colon', 'passwd', 'joe\n', /line 1 has no colon/],
  ['a line of passwd without a key', 'passwd', ':x\n', /line 1 has no key/],
  ['more than 1,000 values', 'key-value', 'joe x\n'.repeat(1001), /the key "joe" has more than 1000 values/],
] as const) {
  test(`${kind}: ${name} is a mistake`, async (t) => {
    await assert.rejects(reading(t, kind, text), { code: 'TABLE_BROKEN', message });
  });
}

for (const [kind, text, warning] of [
  [
    'list',
    'joe\nJOE\n',
    'a line repeats the key of an earlier line, such as "joe": the first line of a key counts',
  ],
  [
    'key-value',
    'j 1\nk 1\nk 2\nj 2\n',
    '2 lines repeat the key of an earlier line, such as "k": all values of such a key are used',
  ],
] as const) {
  test(`${kind}: keys that are there twice are a warning`, async (t) => {
    assert.deepEqual((await reading(t, kind, text)).warnings, [warning]);
  });
}

test('a folder and a missing file cannot be read', async (t) => {
  const { path } = temporaryFolder(t, 'table');
  const settings = { name: 'users', kind: 'list' } as const;
  await assert.rejects(readTable({ ...settings, path }), {
    code: 'TABLE_UNREADABLE',
    message: /it is a folder/,
  });
  const missing = { ...settings, path: `${path}/missing` };
  await assert.rejects(readTable(missing), { code: 'TABLE_UNREADABLE', message: /it does not exist/ });
});

test('a table answers as a Map would, wherever the pieces of the file end', async (t) => {
  const path = `${temporaryFolder(t, 'table').path}/table`;
  const word = fc.stringMatching(/^[a-zA-Z0-9@.äß-]{1,12}$/u);
  const entry = fc.tuple(word, fc.stringMatching(/^[a-z]{1,20}$/u));
  await fc.assert(
    fc.asyncProperty(
      fc.array(entry, { maxLength: 60 }),
      fc.nat({ max: 8000 }),
      word,
      async (entries, padding, other) => {
        // The padding moves the lines over the end of a piece, which has 64 KiB.
        const comments = `#${'x'.repeat(padding)}\n`.repeat(9);
        writeFileSync(path, comments + entries.map(([key, value]) => `${key} ${value}\n`).join(''));
        const expected = new Map<string, string[]>();
        for (const [key, value] of entries) {
          const values = expected.get(tableKey(key)) ?? [];
          expected.set(tableKey(key), values);
          values.push(value);
        }
        const contents = await readTable({ name: 'users', kind: 'key-value', path });
        for (const key of [...expected.keys(), tableKey(other)])
          assert.deepEqual(await valuesIn(contents, key), expected.get(key) ?? 'absent');
      },
    ),
    { numRuns: 150 },
  );
});

test('any bytes are read or refused', async (t) => {
  const path = `${temporaryFolder(t, 'table').path}/table`;
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 300 }),
      fc.constantFrom<TextKind>('list', 'key-value', 'passwd'),
      async (bytes, kind) => {
        writeFileSync(path, bytes);
        await readTable({ name: 'users', kind, path }).then(
          (contents) => contents.lookup(['joe']),
          (error: { readonly code: string }) => assert.equal(error.code, 'TABLE_BROKEN'),
        );
      },
    ),
    { numRuns: 300 },
  );
});
