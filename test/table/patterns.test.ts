// Tables of expressions, as Postfix has them: the first rule that is for the key says the value, and mistakes are told with their lines.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { readTable } from '../../src/table/read-table.ts';
import { TableError } from '../../src/table/table-error.ts';
import { temporaryFolder } from '../temporary-folder.ts';

type Kind = 'pcre' | 'regexp';

async function tableOf(folder: string, text: string | Uint8Array, kind: Kind = 'pcre') {
  const path = join(folder, 'table');
  writeFileSync(path, text);
  const contents = await readTable({ name: 'ways', kind, path });
  const find = async (key: string): Promise<string | undefined> => {
    const [answer] = await contents.lookup([key]);
    return answer?.kind === 'found' ? answer.values[0] : undefined;
  };
  return { contents, find };
}

test('the first rule that is for the key says the value; groups stand in it', async (t) => {
  const { path } = temporaryFolder(t, 'patterns');
  const text = `# where mail goes
/^(.*)@(?:.*\\.)?news\\.example$/  smtp:[news.example.net]:2525
if /@shops\\./
/^[^@]+@shops\\.(\\w+)\\.example$/
    smtp:[$1.relay.example.net]
endif
!/@[^@]*\\.example$/  discard:
/^Boss@x\\.example$/i  retry:4.3.2 later
`;
  const { contents, find } = await tableOf(path, text);
  assert.equal(await find('joe@deep.news.example'), 'smtp:[news.example.net]:2525');
  assert.equal(await find('joe@shops.berlin.example'), 'smtp:[berlin.relay.example.net]');
  assert.equal(await find('joe@else.test'), 'discard:');
  assert.equal(await find('boss@x.example'), undefined, 'the flag "i" switches to the case of letters');
  assert.equal(await find('joe@x.example'), undefined);
  assert.equal(contents.summary, '4 rules');
  const entries: string[] = [];
  await contents.readAll?.((key, value) => entries.push(`${key}: ${value}`));
  assert.deepEqual(entries, [
    'line 2: smtp:[news.example.net]:2525',
    'line 7: discard:',
    'line 8: retry:4.3.2 later',
  ]);
});

test('expressions of POSIX are for the longest text, in any case of letters', async (t) => {
  const { path } = temporaryFolder(t, 'patterns');
  const { find } = await tableOf(path, '/^(a|ab)(c|bcd)@x$/ $1-$2\n/[[:digit:]]{2}@/ digits\n', 'regexp');
  assert.equal(await find('ABCD@x'), 'A-BCD');
  assert.equal(await find('a12@y'), 'digits');
});

for (const [what, text, problem] of [
  ['lookahead', '/x/ a\n/(?=a)b/ smtp:\n', /line 2: .*lookahead/u],
  ['a backreference', '/(a)\\1/ smtp:\n', /line 1: .*backreference/u],
  ['no value', '/a/\n', /line 1: there is no value behind the expression/u],
  [
    'a group that is not there',
    '/(a)/ $2\n',
    /line 1: \$2 stands for a group that the expression does not have/u,
  ],
  ['no expression', 'example.com smtp:\n', /line 1: .*does not begin with an expression/u],
  ['an if without an endif', 'if /a/\n/b/ c\n', /line 1: "if" without an "endif"/u],
  ['another encoding', Buffer.from([0x2f, 0xe4, 0x2f, 0x20, 0x78, 10]), /it is not UTF-8/u],
] as const) {
  test(`${what} refuses the file, and says where`, async (t) => {
    const { path } = temporaryFolder(t, 'patterns');
    await assert.rejects(tableOf(path, text), (error) => {
      assert.ok(error instanceof TableError);
      assert.equal(error.code, 'TABLE_BROKEN');
      assert.match(error.message, problem);
      return true;
    });
  });
}

test('whatever the file holds, it is read or refused, and whatever the key is, it is answered', async (t) => {
  const { path } = temporaryFolder(t, 'patterns');
  const piece = fc.constantFrom(
    '/',
    '!',
    'if ',
    'endif',
    '\n',
    ' ',
    '(',
    ')',
    '[',
    ']',
    '\\',
    '$1',
    '*',
    'a',
    '@',
    '{2}',
    '.',
    '?',
    'ä',
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(piece, { maxLength: 30 }),
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.constantFrom<Kind>('pcre', 'regexp'),
      async (pieces, key, kind) => {
        const read = await tableOf(path, pieces.join(''), kind).catch((error: unknown) => error);
        if (read instanceof Error)
          assert.ok(read instanceof TableError && read.code === 'TABLE_BROKEN', String(read));
        else await (read as { find: (key: string) => Promise<string | undefined> }).find(key);
      },
    ),
    { numRuns: 300 },
  );
});
