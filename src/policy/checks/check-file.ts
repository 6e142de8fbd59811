// The file of a table of checks. Promises: a line that nobody can understand is an error with its number, since a rule that is left out would let mail
// through.

import type { CheckFileType } from '../../values/check-file-name.ts';
import {
  type CheckSyntax,
  checkPattern,
  type CheckPattern,
  type Re2,
  type WrittenPattern,
} from './check-pattern.ts';
import { writtenAction, type WrittenAction } from './check-action.ts';
import type { CheckAction, CheckedLine, CheckTable } from './types.ts';

export interface CheckFileParts {
  readonly type: CheckFileType;
  /** For the log: the name of the file without its folder. */
  readonly name: string;
  readonly routes: ReadonlySet<string>;
  readonly re2: Re2;
}

type Rule =
  | { readonly kind: 'match'; readonly patterns: readonly CheckPattern[]; readonly action: WrittenAction }
  /** @property endAt - index of the rule behind its `endif` */
  | { readonly kind: 'if'; readonly pattern: CheckPattern; endAt: number };

/** Lines of a file with the number of the first of them: one that begins with a blank continues the one before. */
interface LogicalLine {
  readonly number: number;
  readonly text: string;
}

/**
 * Reads a file, as work in slices: a file may have many thousand lines.
 * @throws {Error} with a clause that names the line
 */
export function* checkTableOf(text: string, parts: CheckFileParts): Generator<undefined, CheckTable> {
  return parts.type === 'texthash' ? yield* keyTable(text, parts) : yield* ruleTable(text, parts.type, parts);
}

function* ruleTable(
  text: string,
  syntax: CheckSyntax,
  { name, routes, re2 }: CheckFileParts,
): Generator<undefined, CheckTable> {
  const rules: Rule[] = [];
  const open: { readonly rule: Extract<Rule, { kind: 'if' }>; readonly line: number }[] = [];
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
        const rule: Rule = { kind: 'if', pattern: checkPattern(pattern, syntax, re2), endAt: 0 };
        open.push({ rule, line: number });
        rules.push(rule);
      } else rules.push(matchRule(line, `${name} line ${number}`, syntax, routes, re2));
    } catch (error) {
      throw atLine(number, error);
    }
    yield;
  }
  const [unclosed] = open;
  if (unclosed !== undefined) throw new Error(`line ${unclosed.line}: "if" without an "endif"`);
  return { find: (line) => firstOf(rules, line) };
}

function matchRule(
  line: string,
  rule: string,
  syntax: CheckSyntax,
  routes: ReadonlySet<string>,
  re2: Re2,
): Rule {
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
  const patterns = written.map((each) => checkPattern(each, syntax, re2));
  const action = writtenAction(rest.trim(), rule, routes);
  const [{ groups, isNegated } = { groups: 0, isNegated: false }] = patterns;
  if (action.groups > 0 && isNegated)
    throw new Error('an expression with "!" matches nothing that $1 could stand for');
  if (action.groups > groups)
    throw new Error(`$${action.groups} stands for a group that the expression does not have`);
  return { kind: 'match', patterns, action };
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

function firstOf(rules: readonly Rule[], line: CheckedLine): CheckAction | undefined {
  for (let at = 0; at < rules.length; at++) {
    const rule = rules[at] as Rule;
    if (rule.kind === 'if') {
      if (!rule.pattern.holds(line)) at = rule.endAt - 1;
      continue;
    }
    const { patterns, action } = rule;
    const [first, ...others] = patterns;
    const groups = action.groups === 0 ? (first?.holds(line) === true ? [] : undefined) : first?.match(line);
    if (groups !== undefined && others.every((each) => each.holds(line))) return action.filled(groups);
  }
  return undefined;
}

/** Keys are compared with the whole line and, for a header field, with its name, in any case. */
function* keyTable(text: string, { name, routes }: CheckFileParts): Generator<undefined, CheckTable> {
  const actions = new Map<string, CheckAction>();
  for (const { number, text: line } of logicalLines(text)) {
    const [, key = '', rest = ''] = /^(\S+)\s*(.*)$/su.exec(line) ?? [];
    try {
      const { groups, filled } = writtenAction(rest.trim(), `${name} line ${number}`, routes);
      if (groups > 0) throw new Error('a key has no groups that $1 could stand for');
      if (actions.has(key.toLowerCase())) throw new Error(`the key ${excerpt(key)} is there already`);
      actions.set(key.toLowerCase(), filled([]));
    } catch (error) {
      throw atLine(number, error);
    }
    yield;
  }
  return {
    find: (line) => {
      const whole = actions.get(line.text.toLowerCase());
      if (whole !== undefined) return whole;
      const colon = line.text.indexOf(':');
      return colon === -1 ? undefined : actions.get(line.text.slice(0, colon).toLowerCase());
    },
  };
}

/** Without empty lines and comments. */
function* logicalLines(text: string): Generator<LogicalLine> {
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

function atLine(number: number, error: unknown): Error {
  return new Error(`line ${number}: ${error instanceof Error ? error.message : String(error)}`, {
    cause: error,
  });
}

function excerpt(text: string): string {
  return JSON.stringify(text.trim().slice(0, 40));
}
