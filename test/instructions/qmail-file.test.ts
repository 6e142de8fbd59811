// .qmail files: what each kind of line means, the names in which an address is looked for, and whose sender forwards have.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseQmailFile } from '../../src/instructions/qmail-file.ts';
import { ownerNames, qmailNames, senderOfForwards } from '../../src/instructions/qmail-names.ts';
import type { Instructions } from '../../src/instructions/types.ts';

/** In short: `|command`, paths as they are, `&address`; `usual`; `status: text` of a fault. */
function shown(instructions: Instructions): string {
  if (instructions.kind === 'usual') return 'usual';
  if (instructions.kind === 'fault') return `${instructions.status}: ${instructions.text}`;
  return instructions.list
    .map((one) => {
      if (one.kind === 'program') return `|${one.command}`;
      if (one.kind === 'forward') return `&${one.address}`;
      return 'path' in one ? `${one.kind} ${one.path}` : one.kind;
    })
    .join('; ');
}

const table: readonly (readonly [file: string, meaning: string | RegExp, isExecutable?: boolean])[] = [
  ['', 'usual'],
  ['#\n', ''],
  ['# nothing here', ''],
  ['./Maildir/\n', 'maildir ./Maildir/'],
  ['/var/mail/joe\n', 'mbox /var/mail/joe'],
  ['./Mailbox', 'mbox ./Mailbox'],
  ['/a/b/', 'maildir /a/b/'],
  ['|vacation joe\n', '|vacation joe'],
  ['| preline cat > x ', '| preline cat > x'],
  ['&me@new.test\n', '&me@new.test'],
  ['me@new.test\t \n', '&me@new.test'],
  ['joe', '&joe@here.test'],
  ['&"a b"@new.test', '&"a b"@new.test'],
  ['a@x.test\n\n# c\n./m/\n', '&a@x.test; maildir ./m/'],
  ['\n./Maildir/\n', /^4\.2\.1: the first line .* blank/],
  ['  \n./Maildir/\n', /^4\.2\.1: the first line .* blank/],
  ['a b@x.test', /^4\.2\.1: line 1 is neither/],
  ['#\n&\n', /^4\.2\.1: line 2 is neither/],
  ['&a@x.test,b@x.test', /^4\.2\.1: line 1 is neither/],
  ['a@x.test\r\n', /^4\.2\.1: line 1 is neither/],
  ['+list\na@x.test\n', '&a@x.test'],
  ['./m/\n+list\na@x.test', 'maildir ./m/; &a@x.test'],
  ['+list\n|x\n', /^4\.7\.0: line 2 names a program or a file/],
  ['+other\n|x\n', '|x'],
  ['a@x.test\n', '&a@x.test', true],
  ['a@x.test\n./m/\n', /^4\.7\.0: line 2/, true],
  ['|x\n', /^4\.7\.0: line 1/, true],
];

for (const [file, meaning, isExecutable = false] of table)
  test(`${JSON.stringify(file)}${isExecutable ? ', with the x bit' : ''}`, () => {
    const found = shown(parseQmailFile(file, isExecutable, 'here.test'));
    if (typeof meaning === 'string') assert.equal(found, meaning);
    else assert.match(found, meaning);
  });

const line = fc.oneof(
  fc.constantFrom('', '#', '+list', './Maildir/', '/m', '|exit 0', '&a@b.test', 'joe', '  ', '.', '&', '"'),
  fc.string({ unit: 'binary', maxLength: 40 }),
);

test('any text is a list, a fault or nothing; with the x bit it names addresses alone', () => {
  fc.assert(
    fc.property(fc.array(line, { maxLength: 20 }), (lines) => {
      const text = lines.join('\n');
      const found = parseQmailFile(text, false, 'here.test');
      assert.equal(found.kind === 'usual', text === '');
      if (found.kind === 'list') assert.ok(found.list.length <= lines.length);
      const limited = parseQmailFile(text, true, 'here.test');
      if (limited.kind === 'list') assert.ok(limited.list.every(({ kind }) => kind === 'forward'));
    }),
  );
});

const names: readonly (readonly [dash: '-' | '', extension: string, names: readonly string[]])[] = [
  ['', '', ['.qmail']],
  ['-', 'a', ['.qmail-a', '.qmail-default = a']],
  ['-', 'a-b', ['.qmail-a-b', '.qmail-a-default = b', '.qmail-default = a-b']],
  ['-', 'a-', ['.qmail-a-', '.qmail-a-default = ', '.qmail-default = a-']],
  ['-', '', ['.qmail-', '.qmail-default = ']],
  ['-', 'A.B-c', ['.qmail-a:b-c', '.qmail-a:b-default = c', '.qmail-default = A.B-c']],
  ['-', '../../x', ['.qmail-::/::/x', '.qmail-default = ../../x']],
];

for (const [dash, extension, expected] of names)
  test(`the files of the extension ${JSON.stringify(dash + extension)}`, () => {
    const found = qmailNames(dash, extension);
    assert.deepEqual(
      found.map(({ name, matched }) => (matched === undefined ? name : `${name} = ${matched}`)),
      expected,
    );
  });

test('no address leads to a file with dots in its name', () => {
  fc.assert(
    fc.property(fc.string(), (extension) => {
      for (const { name } of qmailNames('-', extension)) assert.ok(!name.slice(1).includes('.'), name);
    }),
  );
});

test('the owner of a list gets its errors; with the second file, each recipient has a sender', () => {
  assert.deepEqual(ownerNames('-', 'A.list'), {
    owner: '.qmail-a:list-owner',
    verp: '.qmail-a:list-owner-default',
  });
  assert.deepEqual(ownerNames('', ''), { owner: '.qmail-owner', verp: '.qmail-owner-default' });
  const mailbox = { local: 'joe-list', domain: 'here.test' };
  const sender = (from: string, owner: boolean, verp: boolean): string =>
    senderOfForwards(from, mailbox, { owner, verp });
  assert.equal(sender('a@b.test', false, true), 'a@b.test');
  assert.equal(sender('a@b.test', true, false), 'joe-list-owner@here.test');
  assert.equal(sender('a@b.test', true, true), 'joe-list-owner-@here.test-@[]');
  for (const bounce of ['', '#@[]']) assert.equal(sender(bounce, true, true), bounce);
});
