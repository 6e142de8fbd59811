// .forward files, and entries of aliases: what each kind of entry means, and that no text breaks the reader.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { splitEntries } from '../../src/instructions/entries.ts';
import { parseForwardFile } from '../../src/instructions/forward-file.ts';

function shown(text: string): string {
  const found = parseForwardFile(text, { user: 'joe', domain: 'here.test' });
  if (found.kind === 'usual') return 'usual';
  if (found.kind === 'fault') return `${found.status}: ${found.text}`;
  return found.list
    .map((one) => {
      if (one.kind === 'program') return `|${one.command}`;
      if (one.kind === 'forward') return `&${one.address}`;
      return 'path' in one ? `${one.kind} ${one.path}` : one.kind;
    })
    .join('; ');
}

const table: readonly (readonly [text: string, meaning: string | RegExp])[] = [
  ['', 'usual'],
  ['# nothing\n\n', 'usual'],
  ['me@new.test\n', '&me@new.test'],
  ['a@x.test, b@x.test\nc@x.test,', '&a@x.test; &b@x.test; &c@x.test'],
  ['\\joe, me@new.test', 'own-mailbox; &me@new.test'],
  ['joe', 'own-mailbox'],
  ['JOE@Here.Test', 'own-mailbox'],
  ['sue', '&sue@here.test'],
  ['\\sue', '&sue@here.test'],
  ['"|/usr/bin/vacation joe"', '|/usr/bin/vacation joe'],
  ['|"/usr/bin/vacation -a \\"x y\\" joe"', '|/usr/bin/vacation -a "x y" joe'],
  ['|/usr/bin/procmail', '|/usr/bin/procmail'],
  ['"|exec /bin/filter -f- || exit 75 #joe"', '|exec /bin/filter -f- || exit 75 #joe'],
  ['|(cat; date)', '|(cat; date)'],
  ['/var/mail/joe', 'mbox /var/mail/joe'],
  ['"/home/joe/my mail/"', 'maildir /home/joe/my mail/'],
  [':include:/home/joe/friends', 'include /home/joe/friends'],
  [':include: "/home/joe/my friends"', 'include /home/joe/my friends'],
  ['Joe New <me@new.test> # told in May', /^4\.2\.1: .*no address/],
  ['Joe New <me@new.test>', '&me@new.test'],
  ['me@new.test (my new address, since May)', '&me@new.test'],
  ['"joe smith"@new.test', '&"joe smith"@new.test'],
  ['a b', /^4\.2\.1: "a b" is no address/],
  ['"a', /^4\.2\.1: a quote is not closed/],
  ['"a\nb"', /^4\.2\.1: a quote is not closed on its line/],
  ['a@x.test (b', /^4\.2\.1: a comment in brackets is not closed/],
  ['|', /^4\.2\.1: an entry names no program/],
  [':include:friends', /^4\.2\.1: what is included/],
];

for (const [text, meaning] of table)
  test(JSON.stringify(text), () => {
    const found = shown(text);
    if (typeof meaning === 'string') assert.equal(found, meaning);
    else assert.match(found, meaning);
  });

const piece = fc.constantFrom(
  '"',
  '\\',
  ',',
  '\n',
  '#',
  '(',
  ')',
  '|',
  '/',
  ':include:',
  ' ',
  'a@b.test',
  '<',
  '>',
  'é',
);

test('any text is entries or a fault, and takes bounded time', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(piece, fc.string({ unit: 'binary' })), { maxLength: 60 }), (pieces) => {
      const text = pieces.join('');
      parseForwardFile(text, { user: 'joe', domain: 'here.test' });
      const entries = splitEntries(text);
      if (!('kind' in entries)) assert.ok(entries.join('').length <= text.length);
    }),
  );
  for (const [first, long] of ['"', '(', '\\', ',', '#', '|', '<', ' ', '":'].flatMap((each) => [
    ['', each] as const,
    ['|', each] as const,
    ['a', each] as const,
  ]))
    parseForwardFile(first + long.repeat((256 * 1024) / long.length), { user: 'joe', domain: 'here.test' });
});

test('entries that are joined by commas are found again', () => {
  const entry = fc.constantFrom('a@b.test', '"|x, y"', '/a/b', '\\joe', ':include:/x', '"a,b"@c.test');
  fc.assert(
    fc.property(
      fc.array(entry, { maxLength: 10 }),
      fc.constantFrom(', ', ',\n', '\n', ' ,,\n# c\n '),
      (all, glue) => {
        assert.deepEqual(splitEntries(all.join(glue)), all);
      },
    ),
  );
});
