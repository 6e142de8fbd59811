// Files of tables of checks: their rules in the order of the file, and mistakes with their lines.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RE2JS } from 're2js';
import { atOnce } from '../../../src/io/slices.ts';
import { checkTableOf } from '../../../src/policy/checks/check-file.ts';
import { CheckedLine } from '../../../src/policy/checks/types.ts';
import type { CheckFileType } from '../../../src/values/check-file-name.ts';

const routes = new Set(['filter']);

function table(text: string, type: CheckFileType = 'pcre') {
  const read = atOnce(checkTableOf(text, { type, name: 'checks', routes, re2: RE2JS }));
  return (line: string): string => {
    const action = read.find(new CheckedLine(line));
    return action === undefined ? 'nothing' : `${action.word} ${action.text} (${action.rule})`;
  };
}

test('the first rule that matches counts', () => {
  const say = table('# comment\n\n/^Subject: a/ REJECT one\n/^Subject:/   WARN two\n/b/ DUNNO\n');
  assert.equal(say('Subject: a'), 'REJECT one (checks line 3)');
  assert.equal(say('subject: b'), 'WARN two (checks line 4)');
  assert.equal(say('X: b'), 'DUNNO  (checks line 5)');
  assert.equal(say('X: c'), 'nothing');
});

test('groups stand in actions, in each form', () => {
  const say = table('/^X-(\\w+): (.*)/ REPLACE Y-$1: ${2} $(1)x for $$5\n');
  assert.equal(say('X-A: b c'), 'REPLACE Y-A: b c Ax for $5 (checks line 1)');
});

test('"!" is for lines that do not match, and a second expression restricts the first', () => {
  const say = table('!/^Subject:/ INFO other\n/q/!/z/ INFO q without z\n', 'regexp');
  assert.equal(say('From: x'), 'INFO other (checks line 1)');
  assert.equal(say('Subject: q'), 'INFO q without z (checks line 2)');
  assert.equal(say('Subject: qz'), 'nothing');
});

test('what stands between if and endif is looked at for lines that the expression of if is for', () => {
  const say = table(
    'if /^Received:/\nif !/local/\n/^/ WARN far\nendif\n/x/ WARN near\nENDIF\n/^/ INFO rest\n',
  );
  assert.equal(say('Received: far'), 'WARN far (checks line 3)');
  assert.equal(say('Received: local x'), 'WARN near (checks line 5)');
  assert.equal(say('Received: local'), 'INFO rest (checks line 7)');
  assert.equal(say('X: x'), 'INFO rest (checks line 7)');
});

test('a line that begins with a blank continues the one before, over comments', () => {
  const say = table('/^Subject:\n# comment\n  a/\n  REJECT\n\tno\n');
  assert.equal(say('Subject:  a'), 'REJECT no (checks line 1)');
});

test('any character may be around an expression', () => {
  const say = table('%^/path% INFO one\n~a\\~b~i WARN two\n');
  assert.equal(say('/path'), 'INFO one (checks line 1)');
  assert.equal(say('a~b'), 'WARN two (checks line 2)');
  assert.equal(say('A~b'), 'nothing');
});

test('expressions of POSIX match the longest, and know their lines with the flag m', () => {
  assert.equal(table('/(a|ab)(c|bcd)?/ INFO $1-$2\n', 'regexp')('abcd'), 'INFO a-bcd (checks line 1)');
  const say = table('/^b.c/m INFO m\n/^b/ INFO s\n/[^x]c/m INFO n\n', 'regexp');
  assert.equal(say('a\nbxc'), 'INFO m (checks line 1)');
  assert.equal(say('b\nc'), 'INFO s (checks line 2)');
  assert.equal(say('a\nc'), 'nothing');
});

test('keys are whole lines or names of fields, in any case', () => {
  const say = table('X-Spam-Flag   DISCARD spam\nhello INFO line\n', 'texthash');
  assert.equal(say('x-spam-flag: YES'), 'DISCARD spam (checks line 1)');
  assert.equal(say('HELLO'), 'INFO line (checks line 2)');
  assert.equal(say('hello: x'), 'INFO line (checks line 2)');
  assert.equal(say('X-Spam: YES'), 'nothing');
});

for (const [text, expected, type] of [
  ['/a/ REJECT\n/(?=b)/ WARN\n', /^line 2: .*lookahead/u],
  ['/a/ REFUSE x\n', /^line 1: "REFUSE" is no action: there are BCC, DISCARD/u],
  ['/a/\n', /^line 1: an action is missing/u],
  ['/a REJECT\n', /^line 1: the expression has no second "\/"/u],
  ['Subject REJECT\n', /^line 1: "Subject REJECT" does not begin with an expression/u],
  ['if /a/\n/b/ WARN\n', /^line 1: "if" without an "endif"/u],
  ['endif\n', /^line 1: "endif" without an "if"/u],
  ['if /a/ REJECT\nendif\n', /^line 1: nothing may follow/u],
  ['!/(a)/ INFO $1\n', /^line 1: an expression with "!" matches nothing/u],
  ['/(a)/ INFO $2\n', /^line 1: \$2 stands for a group/u],
  ['/a/ INFO $x\n', /^line 1: "\$x" is no group/u],
  ['/a/ FILTER smtp:[127.0.0.1]:10025\n', /^line 1: FILTER takes the name of a \[\[route\]\]/u],
  ['/a/ REDIRECT nobody\n', /^line 1: REDIRECT takes an address/u],
  ['/a/ REPLACE\n', /^line 1: REPLACE takes the text of a line/u],
  ['/a/x REJECT\n', /^line 1: the flag "x" asks for a basic expression/u, 'regexp'],
  ['/a(b/ REJECT\n', /^line 1: .*a "\(" has no "\)"/u, 'regexp'],
  ['a REJECT\nA WARN\n', /^line 2: the key "A" is there already/u, 'texthash'],
  ['/a/g REJECT\n', /^line 1: "g" is no flag/u],
] as const) {
  test(`${JSON.stringify(text)} is a mistake with its line`, () => {
    assert.throws(() => table(text, type), { message: expected });
  });
}

test('any text is a table or an error, and nothing else', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      '/a/',
      ' REJECT',
      '\n',
      'if ',
      'endif',
      '!',
      '#',
      '$1',
      '(',
      ')',
      '/',
      '\\',
      ' ',
      '[',
      '/i',
      'BCC a@b.c',
    ),
    fc.string({ unit: 'binary', maxLength: 3 }),
  );
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 30 }),
      fc.constantFrom('pcre', 'regexp', 'texthash'),
      (pieces, type) => {
        let say;
        try {
          say = table(pieces.join(''), type);
        } catch (error) {
          assert.match(error instanceof Error ? error.message : '', /^line \d+: /u);
          return;
        }
        say('Subject: a');
      },
    ),
    { numRuns: 3000 },
  );
});
