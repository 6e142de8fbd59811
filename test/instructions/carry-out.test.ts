// Instructions are carried out: in which order, and what is left undone when one of them fails.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { carryOut, type ProgramEnd } from '../../src/instructions/carry-out.ts';
import { parseQmailFile } from '../../src/instructions/qmail-file.ts';
import type { Step } from '../../src/instructions/types.ts';
import { readingsOf } from '../../src/instructions/address-user.ts';

/** A program `exit N` ends with N; `broken` was ended. @returns what was done, and what has become of the mail */
async function carried(file: string, codes: 'qmail' | 'sysexits' = 'qmail'): Promise<string> {
  const parsed = parseQmailFile(file, false, 'here.test');
  assert.equal(parsed.kind, 'list');
  const done: string[] = [];
  const end = await carryOut((parsed.kind === 'list' ? parsed.list : []) as readonly Step[], codes, {
    program: async (command): Promise<ProgramEnd> => {
      done.push(command);
      const [, code, printed = ''] = /^exit (\d+) ?(.*)$/.exec(command) ?? [];
      return code === undefined
        ? { kind: 'broken', why: 'did not end', printed: '' }
        : { kind: 'ended', code: Number(code), printed };
    },
    file: async (_, path) => {
      done.push(path);
    },
  });
  const outcome = end.kind === 'fault' ? `${end.status} ${end.text}` : `& ${end.forwards.join(' ')}`.trim();
  return [...done, outcome].join(', ');
}

const table: readonly (readonly [file: string, done: string | RegExp, codes?: 'sysexits'])[] = [
  ['./m/\n/mbox\n', './m/, /mbox, &'],
  ['a@x.test\n./m/\nb@x.test\na@x.test', './m/, & a@x.test b@x.test'],
  ['|exit 0\n./m/', 'exit 0, ./m/, &'],
  ['a@x.test\n|exit 99\n./m/\nb@x.test', 'exit 99, & a@x.test'],
  ['a@x.test\n|exit 99\n./m/', /^exit 99, 4\.3\.0 /, 'sysexits'],
  [
    'a@x.test\n|exit 100 5.7.1 go away\n./m/',
    /^exit 100 5\.7\.1 go away, 5\.7\.1 the program .* it said: 5\.7\.1 go away$/,
  ],
  ...[100, 64, 65, 70, 76, 77, 78, 112].map(
    (code) => [`|exit ${code}\n./m/`, new RegExp(`^exit ${code}, 5\\.3\\.0 `)] as const,
  ),
  ...[111, 1, 2, 63, 71, 75, 98, 101, 113, 126, 127, 255].map(
    (code) => [`|exit ${code}\n./m/`, new RegExp(`^exit ${code}, 4\\.3\\.0 `)] as const,
  ),
  ['|exit 67\n', /^exit 67, 5\.1\.1 /, 'sysexits'],
  ['|exit 75 5.1.1 no', /^exit 75 5\.1\.1 no, 4\.3\.0 /, 'sysexits'],
  ['./a/\n|broken\n./b/\nx@y.test', /^\.\/a\/, broken, 4\.3\.0 the program "broken" did not end$/],
];

for (const [file, done, codes] of table)
  test(`${JSON.stringify(file)}${codes === undefined ? '' : ` by ${codes}`}`, async () => {
    const found = await carried(file, codes);
    if (typeof done === 'string') assert.equal(found, done);
    else assert.match(found, done);
  });

test('nothing is forwarded of mail that waits or goes back, and nothing is done behind a failure', async () => {
  const line = fc.constantFrom('|exit 0', '|exit 99', '|exit 100', '|exit 111', './m/', 'a@x.test', '#');
  await fc.assert(
    fc.asyncProperty(fc.array(line, { minLength: 1, maxLength: 12 }), async (lines) => {
      const found = await carried(lines.join('\n'));
      const isEnd = (each: string): boolean => /^\|exit (?!0)/.test(each);
      const end = lines.findIndex(isEnd);
      const before = end === -1 ? lines : lines.slice(0, end + 1);
      const acted = before.filter((each) => /^[|.]/.test(each)).map((each) => each.replace('|', ''));
      const fails = end !== -1 && lines[end] !== '|exit 99';
      assert.ok(found.startsWith([...acted, ''].join(', ')));
      assert.equal(found.includes('&'), !fails);
      assert.equal(found.includes('& a@x.test'), !fails && before.includes('a@x.test'));
    }),
  );
});

test('an address is for the longest name of a user that it begins with', () => {
  const read = (address: string, separators: string): readonly string[] =>
    readingsOf(address, separators).map(({ user, separator, extension }) =>
      [user, separator, extension].join('|'),
    );
  assert.deepEqual(read('Joe@x.test', '-'), ['joe||']);
  assert.deepEqual(read('joe-a-B@x.test', '-'), ['joe-a-b||', 'joe-a|-|b', 'joe|-|a-b']);
  assert.deepEqual(read('joe+a-b@x.test', '+'), ['joe+a-b||', 'joe|+|a-b']);
  assert.deepEqual(read('-joe-@x.test', '-'), ['-joe-||', '-joe|-|']);
  assert.deepEqual(read('"joe-a b"@x.test', '-'), ['joe-a b||', 'joe|-|a b']);
  assert.equal(read(`${'a-'.repeat(5_000)}@x.test`, '-').length, 8);
});
