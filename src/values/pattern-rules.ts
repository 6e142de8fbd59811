// Rules of expressions in a file, as regexp_table(5) and pcre_table(5) have them: each is an expression and what follows from it; `if` and `endif` stand
// around rules. Promises: a line that nobody can understand is an error with its number, since a rule that is left out would have another one count.

import {
  type MatchedText,
  type Pattern,
  type PatternSyntax,
  type Re2,
  readPattern,
  type WrittenPattern,
} from './pattern.ts';

/** What stands behind an expression, in which `$1` stands for what a group has matched. */
export interface WrittenResult<Result> {
  /** The number of the last group that it names; 0 for none. */
  readonly groups: number;
  /** @param groups - what they have matched, from 1 */
  filled(groups: readonly string[]): Result;
}

export interface PatternRulesParts<Result> {
  readonly syntax: PatternSyntax;
  readonly re2: Re2;
  /** Reads what stands behind the expression on this line. @throws {Error} with a clause */
  readonly read: (text: string, line: number) => WrittenResult<Result>;
}

type Rule<Result> =
  | { readonly kind: 'match'; readonly patterns: readonly Pattern[]; readonly result: WrittenResult<Result> }
  /** @property endAt - index of the rule behind its `endif` */
  | { readonly kind: 'if'; readonly pattern: Pattern; endAt: number };

/** Lines of a file with the number of the first of them: one that begins with a blank continues the one before. */
interface LogicalLine {
  readonly number: number;
  readonly text: string;
}

/** @returns what the first rule says that the text is for; undefined: none is */
export type FindByPattern<Result> = (text: MatchedText) => Result | undefined;

/**
 * Reads rules, as work in slices: a file may have many thousand lines.
 * @throws {Error} with a clause that names the line
 */
export function* patternRules<Result>(
  text: string,
  parts: PatternRulesParts<Result>,
): Generator<undefined, FindByPattern<Result>> {
  const { re2, syntax } = parts;
  const rules: Rule<Result>[] = [];
  const open: { readonly rule: Extract<Rule<Result>, { kind: 'if' }>; readonly line: number }[] = [];
  for (const { number, text: line } of logicalLines(text)) {
    try {
      const [, keyword = ''] = /^(if|endif)(?![0-9a-z])/iu.exec(line) ?? [];
      if (keyword.toLowerCase() === 'endif') {
        if (line.trim().length > 'endif'.length) throw new Error('"endif" stands alone on its line');
        const begun = open.pop();
        if (begun === undefined) throw new Error('"endif" without an "if" before it');
        begun.rule.endAt = rules.length;
      } else if (keyword !== '') {
        const { pattern, rest } = takenPattern(line.slice('if'.length));
        if (rest.trim() !== '')
          throw new Error(`nothing may follow the expression of "if", such as ${excerpt(rest)}`);
        const rule: Rule<Result> = { kind: 'if', pattern: readPattern(pattern, syntax, re2), endAt: 0 };
        open.push({ rule, line: number });
        rules.push(rule);
      } else rules.push(matchRule(line, number, parts));
    } catch (error) {
      throw atLine(number, error);
    }
    yield;
  }
  const [unclosed] = open;
  if (unclosed !== undefined) throw new Error(`line ${unclosed.line}: "if" without an "endif"`);
  return (each) => firstOf(rules, each);
}

function matchRule<Result>(
  line: string,
  number: number,
  { read, re2, syntax }: PatternRulesParts<Result>,
): Rule<Result> {
  if (/^[0-9a-z]/iu.test(line))
    throw new Error(`${excerpt(line)} does not begin with an expression, such as /^Subject: x/`);
  const first = takenPattern(line);
  const written = [first.pattern];
  let { rest } = first;
  // /one/!/other/: the first matches and the other does not.
  if (rest.startsWith('!')) {
    const second = takenPattern(rest);
    written.push(second.pattern);
    ({ rest } = second);
  }
  const patterns = written.map((each) => readPattern(each, syntax, re2));
  const result = read(rest.trim(), number);
  const [{ groups, isNegated } = { groups: 0, isNegated: false }] = patterns;
  if (result.groups > 0 && isNegated)
    throw new Error('an expression with "!" matches nothing that $1 could stand for');
  if (result.groups > groups)
    throw new Error(`$${result.groups} stands for a group that the expression does not have`);
  return { kind: 'match', patterns, result };
}

/** Takes `!`, blanks, the expression between two of the same character, and its flags. */
function takenPattern(text: string): { readonly pattern: WrittenPattern; readonly rest: string } {
  const [before = ''] = /^[!\s]*/u.exec(text) ?? [];
  const isNegated = before.replaceAll(/\s/gu, '').length % 2 === 1;
  const delimiter = text.charAt(before.length);
  if (delimiter === '') throw new Error('an expression is missing, such as /^Subject: x/');
  let at = before.length + 1;
  while (at < text.length && text[at] !== delimiter) at += text[at] === '\\' ? 2 : 1;
  if (at >= text.length) throw new Error(`the expression has no second "${delimiter}"`);
  const source = text.slice(before.length + 1, at);
  const [flags = ''] = /^[^\s!]*/u.exec(text.slice(at + 1)) ?? [];
  return { pattern: { source, flags, isNegated }, rest: text.slice(at + 1 + flags.length) };
}

function firstOf<Result>(rules: readonly Rule<Result>[], line: MatchedText): Result | undefined {
  for (let at = 0; at < rules.length; at++) {
    const rule = rules[at] as Rule<Result>;
    if (rule.kind === 'if') {
      if (!rule.pattern.holds(line)) at = rule.endAt - 1;
      continue;
    }
    const { patterns, result } = rule;
    const [first, ...others] = patterns;
    const groups = result.groups === 0 ? (first?.holds(line) === true ? [] : undefined) : first?.match(line);
    if (groups !== undefined && others.every((each) => each.holds(line))) return result.filled(groups);
  }
  return undefined;
}

/** Without empty lines and comments. */
export function* logicalLines(text: string): Generator<LogicalLine> {
  let current: { number: number; text: string } | undefined;
  for (const [index, raw] of text.split(/\r?\n/u).entries()) {
    const isBlank = raw.trim() === '' || raw.trimStart().startsWith('#');
    if (isBlank) continue;
    if (/^\s/u.test(raw) && current !== undefined) {
      current.text += raw;
      continue;
    }
    if (current !== undefined) yield current;
    current = { number: index + 1, text: raw.trim() };
  }
  if (current !== undefined) yield current;
}

export function atLine(number: number, error: unknown): Error {
  return new Error(`line ${number}: ${error instanceof Error ? error.message : String(error)}`, {
    cause: error,
  });
}

export function excerpt(text: string): string {
  return JSON.stringify(text.trim().slice(0, 40));
}
