// Expressions of Perl in the syntax of RE2: they match what JavaScript's own engine matches, and what cannot be matched in linear time is said.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RE2JS } from 're2js';
import { readPattern } from '../../src/values/pattern.ts';
import { parsePerlExpression } from '../../src/values/perl-expression.ts';
import { CheckedLine } from '../../src/policy/checks/types.ts';
import { ValueError } from '../../src/values/value-error.ts';

function pattern(source: string, flags = '') {
  return readPattern({ source, flags, isNegated: false }, 'pcre', RE2JS);
}

function matched(source: string, text: string, flags = ''): readonly string[] | undefined {
  return pattern(source, flags).match(new CheckedLine(text));
}

for (const [source, text, expected, flags] of [
  ['^subject:\\s*(.*)$', 'Subject: hello', ['hello']],
  ['hello', 'SUBJECT: HELLO', []],
  ['hello', 'SUBJECT: HELLO', undefined, 'i'],
  ['a.b', 'a\nb', []],
  ['a.b', 'a\nb', undefined, 's'],
  ['^b', 'a\nb', undefined],
  ['^b', 'a\nb', [], 'm'],
  ['a # comment\n b', 'ab', [], 'x'],
  ['b', 'ab', undefined, 'A'],
  ['a|b', 'xb', undefined, 'A'],
  ['(a+)', 'aaa', ['a'], 'U'],
  ['(?i)A(?-i)b', 'aB', undefined, 'i'],
  ['(?<year>\\d{4})-(?P<month>\\d\\d)', '2026-11', ['2026', '11']],
  ['(?:x)?(y)?z', 'z', ['']],
  ['\\Qa.b\\E+', 'a.bbb', []],
  ['\\Qa.b\\E', 'axb', undefined],
  ['a(?#comment)b', 'ab', []],
  ['[[:alpha:]]+[^[:digit:]]', 'ab', []],
  ['[]a]+', ']a]', []],
  ['[a-\\d]', '-', []],
  ['[\\d-]', '-', []],
  ['[\\]x]', ']', []],
  ['[\\b]', '\b', []],
  ['[\\103]', 'C', []],
  ['\\x41\\x{42}\\t', 'AB\t', []],
  ['\\0', '\0', []],
  ['\\cA', '\u0001', []],
  ['\\h\\H\\v', '\ta\n', []],
  ['\\R', '\r\n', []],
  ['\\N', '\n', undefined],
  ['a\\Z', 'a', []],
  ['x{2}', 'xx', []],
  ['x{,2}', 'x{,2}', []],
  ['x{', 'x{', []],
  ['\\/\\-\\_\\@', '/-_@', []],
  ['(?<=a)b', 'ab', []],
  ['(?<!a)b', 'ab', undefined],
  ['ü+', 'ÜÜ', []],
  ['\\p{Cyrillic}', 'ж', []],
  ['straße', 'STRASSE', undefined],
  ['\\w+@\\w+\\.example', 'a@b.example', []],
] as const) {
  const says = expected === undefined ? 'does not match' : 'matches';
  const source1 = JSON.stringify(source);
  test(`${source1}${flags ?? ''} ${says} ${JSON.stringify(text)}`, () => {
    assert.deepEqual(matched(source, text, flags), expected);
  });
}

for (const [source, expected] of [
  ['(a)\\1', /a backreference \("\\\\1"\), which cannot be matched in linear time/],
  ['\\k<a>', /a backreference/],
  ['(?P=a)', /a backreference/],
  ['(?=a)', /lookahead \("\(\?=a\)"\)/],
  ['(?!a)b', /lookahead/],
  ['(?>a+)', /an atomic group/],
  ['a++', /a possessive repetition/],
  ['(a(?R)?b)', /recursion/],
  ['(?(1)a|b)', /a condition/],
  ['(?|a|b)', /a group that resets numbers/],
  ['(*ACCEPT)', /a verb/],
  ['a(', /a "\(" has no "\)"/],
  ['a)', /a "\)" has no "\("/],
  ['[a', /a "\[" has no "\]"/],
  ['[z-a]', /the wrong way round/],
  ['a\\', /it ends with/],
  ['\\y', /"\\\\?y" is not known here/],
  ['a{1001}', /repeats more than 1000 times/],
  ['(?Ja)', /begins no group that is known here/],
  ['*a', /cannot be used: .*missing argument to repetition operator/],
  ['\\x{110000}', /is no character/],
] as const) {
  test(`${source} is a mistake that says why`, () => {
    assert.throws(
      () => pattern(source),
      (error) => error instanceof ValueError && expected.test(error.message),
    );
  });
}

test('a flag that is none is a mistake', () => {
  assert.throws(() => pattern('a', 'g'), /"g" is no flag of an expression/u);
});

for (const [source, required] of [
  ['^Subject: (buy|sell) now', 'subject: '],
  ['viagra|cialis', ''],
  ['colou?r', 'colo'],
  ['ab{0,3}cdef', 'cdef'],
  ['ab+c', 'ab'],
  ['(abc)', ''],
  ['a\\.b', 'a.b'],
  ['müller', 'ller'],
  ['[abc]def', 'def'],
] as const) {
  test(`what matches ${source} has ${JSON.stringify(required)} in it`, () => {
    assert.equal(parsePerlExpression(source, { isExtended: false }).required, required);
  });
}

/** V8 14.6 finds no "c" by `.*?a^|c` with the flag s: a lazy repetition of any character is made greedy. */
function repeated(atom: string, times: string): string {
  if (/^[\^$]|^\\b/u.test(atom)) return atom;
  return /^(?:\((?:\?:)?)*\.\)*$/u.test(atom) && times === '*?' ? `${atom}*` : atom + times;
}

/** Expressions that mean the same in Perl, JavaScript and here. */
const expression: fc.Arbitrary<string> = fc.letrec<{ all: string; atom: string }>((tie) => ({
  atom: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(
      'a',
      'b',
      'S',
      'k',
      '.',
      '\\.',
      '[ab]',
      '[^b]',
      '\\d',
      '\\w',
      '\\W',
      '-',
      '1',
      '^',
      '$',
      '\\b',
    ),
    tie('all').map((inner) => `(${inner})`),
    tie('all').map((inner) => `(?:${inner})`),
  ),
  all: fc
    .array(fc.tuple(tie('atom'), fc.constantFrom('', '', '', '?', '*', '+', '{2}', '{0,2}', '*?')), {
      maxLength: 4,
    })
    .map((parts) => parts.map(([atom, times]) => repeated(atom, times)).join(''))
    .chain((text) => fc.constantFrom(text, text, `${text}|ab`)),
})).all;

test('what matches, and what groups have matched, is what another engine says', () => {
  const text = fc.string({
    unit: fc.constantFrom('a', 'b', 'A', 's', '.', '-', '1', '\n', 'k'),
    maxLength: 12,
  });
  fc.assert(
    fc.property(expression, fc.array(text, { minLength: 1, maxLength: 5 }), (source, texts) => {
      // Groups in a repetition keep their last match here, as in Perl, and lose it in JavaScript: those are compared without groups.
      const isRepeated = /\)[?*+{]/u.test(source);
      const other = new RegExp(source, 'is');
      const own = pattern(source);
      for (const each of texts) {
        const found = other.exec(each);
        const line = new CheckedLine(each);
        assert.equal(own.holds(line), found !== null, `${source} and ${JSON.stringify(each)}`);
        if (found === null || isRepeated) continue;
        assert.deepEqual(
          own.match(line),
          found.slice(1).map((group) => group ?? ''),
          `${source} and ${JSON.stringify(each)}`,
        );
      }
    }),
    { numRuns: 2000 },
  );
});

test('any text is an expression or a mistake, and nothing else', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      '(',
      ')',
      '[',
      ']',
      '{',
      '}',
      '\\',
      '?',
      '*',
      '+',
      '|',
      '^',
      '$',
      '(?',
      ':',
      '<',
      'P',
      '=',
      '!',
      '[:',
      ':]',
      'x',
      '0',
      '-',
      ',',
    ),
    fc.string({ unit: 'binary', maxLength: 3 }),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 20 }), fc.string({ maxLength: 30 }), (pieces, text) => {
      let own;
      try {
        own = pattern(pieces.join(''));
      } catch (error) {
        assert.ok(error instanceof ValueError, String(error));
        return;
      }
      own.holds(new CheckedLine(text));
    }),
    { numRuns: 3000 },
  );
});

test('an expression that makes others hang takes no time here', () => {
  const line = new CheckedLine(`${'a'.repeat(50_000)}b`);
  for (const source of ['(a+)+$', '(a|aa)+$', '(.*a){20}$', '(a*)*c']) pattern(source).holds(line);
});
