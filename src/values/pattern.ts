// An expression with its flags, as tables have them: `/EXPRESSION/FLAGS`.

import type { RE2JS } from 're2js';
import { parsePosixExpression } from './posix-expression.ts';
import { ValueError } from './value-error.ts';
import { parsePerlExpression } from './perl-expression.ts';

/** `regexp`: extended expressions of POSIX, as regexp_table(5). `pcre`: those of Perl, as pcre_table(5). */
export type PatternSyntax = 'regexp' | 'pcre';

/** A text that is matched, and what is computed of it once for all patterns. */
export interface MatchedText {
  readonly text: string;
  /** In lower case, in which `required` is looked for. */
  readonly lower: string;
}

export type Re2 = typeof RE2JS;

export interface Pattern {
  /** How many groups it has. */
  readonly groups: number;
  /** `!`: it is for lines that do not match. */
  readonly isNegated: boolean;
  /** Does the rule hold for the line? */
  holds(line: MatchedText): boolean;
  /** What the groups have matched, from 1; undefined when it does not match. For one that is not negated. */
  match(line: MatchedText): readonly string[] | undefined;
}

/** The expression of a rule as it stands in the file. */
export interface WrittenPattern {
  readonly source: string;
  readonly flags: string;
  readonly isNegated: boolean;
}

/** @throws {ValueError} */
export function readPattern(written: WrittenPattern, syntax: PatternSyntax, re2: Re2): Pattern {
  const { regex, required } = syntax === 'pcre' ? perl(written, re2) : posix(written, re2);
  const { isNegated } = written;
  const isPossible = ({ lower }: MatchedText): boolean => required === '' || lower.includes(required);
  return {
    groups: regex.groupCount(),
    isNegated,
    holds: (line) => (isPossible(line) && regex.matcher(line.text).find()) !== isNegated,
    match: (line) => {
      if (!isPossible(line)) return undefined;
      const matcher = regex.matcher(line.text);
      if (!matcher.find()) return undefined;
      return Array.from({ length: regex.groupCount() }, (_, at) => matcher.group(at + 1) ?? '');
    },
  };
}

interface Compiled {
  readonly regex: RE2JS;
  readonly required: string;
}

function posix({ source, flags }: WrittenPattern, re2: Re2): Compiled {
  let ignoresCase = true;
  let isByLine = false;
  for (const flag of flags) {
    if (flag === 'i') ignoresCase = !ignoresCase;
    else if (flag === 'm') isByLine = !isByLine;
    else if (flag === 'x')
      throw new ValueError(
        'the flag "x" asks for a basic expression, which is not possible here: write it as an extended one',
      );
    else throw new ValueError(`"${flag}" is no flag of an expression; there are "i" and "m"`);
  }
  const { re2: written, required } = parsePosixExpression(source, { hasGroups: true, isByLine });
  const options = (ignoresCase ? re2.CASE_INSENSITIVE : 0) | re2.DOTALL | re2.LONGEST_MATCH;
  return { regex: compiled(source, written, options, re2), required: longestInAscii(required) };
}

function perl({ source, flags }: WrittenPattern, re2: Re2): Compiled {
  const isOn: Record<string, boolean> = {
    i: true,
    s: true,
    m: false,
    x: false,
    A: false,
    U: false,
    E: false,
    X: false,
  };
  for (const flag of flags) {
    if (!(flag in isOn))
      throw new ValueError(`"${flag}" is no flag of an expression; there are i, m, s, x, A, E and U`);
    isOn[flag] = isOn[flag] !== true;
  }
  const {
    re2: written,
    required,
    hasLookbehind,
  } = parsePerlExpression(source, { isExtended: isOn['x'] === true });
  const inner = `${isOn['U'] === true ? '(?U)' : ''}${written}`;
  const options =
    (isOn['i'] === true ? re2.CASE_INSENSITIVE : 0) |
    (isOn['s'] === true ? re2.DOTALL : 0) |
    (isOn['m'] === true ? re2.MULTILINE : 0) |
    (hasLookbehind ? re2.LOOKBEHINDS : 0);
  const anchored = isOn['A'] === true ? `\\A(?:${inner})` : inner;
  return { regex: compiled(source, anchored, options, re2), required };
}

/** Letters beyond ASCII have more forms than an upper and a lower one. */
function longestInAscii(texts: readonly string[]): string {
  const plain = texts.filter((text) => /^[\0-\x7f]*$/u.test(text));
  return plain.reduce((longest, text) => (text.length > longest.length ? text : longest), '');
}

function compiled(source: string, written: string, options: number, re2: Re2): RE2JS {
  try {
    return re2.compile(written, options);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ValueError(`${JSON.stringify(source)} cannot be used: ${reason}`);
  }
}
