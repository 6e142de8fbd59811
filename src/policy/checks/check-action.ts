// What stands behind an expression or a key of a table: a word, and what it needs.

import { parsePath } from '../../address/path.ts';
import { ValueError } from '../../values/value-error.ts';
import { actionWords, type ActionWord, type CheckAction } from './types.ts';

/** An action of a rule, in which `$1` stands for what a group has matched. */
export interface WrittenAction {
  /** The number of the last group that it names; 0 for none. */
  readonly groups: number;
  /** @param groups - what they have matched, from 1 */
  filled(groups: readonly string[]): CheckAction;
}

/** More than this of what a sender has written goes into no action. */
const mostFilledLength = 4096;

/**
 * @param rule - for the log
 * @param routes - the names of [[route]] tables
 * @throws {ValueError}
 */
export function writtenAction(text: string, rule: string, routes: ReadonlySet<string>): WrittenAction {
  const [, command = '', rest = ''] = /^(\S*)\s*(.*)$/su.exec(text) ?? [];
  const word = actionWords.find((each) => each === command.toUpperCase());
  if (word === undefined) throw new ValueError(unknownWord(command));
  const parts = partsOf(rest);
  const groups = Math.max(0, ...parts.map((part) => (typeof part === 'number' ? part : 0)));
  const written = parts.map((part) => (typeof part === 'number' ? '' : part)).join('');
  if (groups === 0) {
    const fault = actionFault(word, written, routes);
    if (fault !== undefined) throw new ValueError(fault);
    const action = { word, text: written, rule };
    return { groups, filled: () => action };
  }
  return {
    groups,
    filled: (matched) => {
      const filled = parts
        .map((part) => (typeof part === 'number' ? (matched[part - 1] ?? '') : part))
        .join('');
      return { word, text: filled.slice(0, mostFilledLength), rule };
    },
  };
}

/** What is wrong with an action: a clause; undefined when nothing is. What a sender has written may be in it. */
export function actionFault(word: ActionWord, text: string, routes: ReadonlySet<string>): string | undefined {
  switch (word) {
    case 'FILTER':
      if (routes.has(text)) return undefined;
      return `FILTER takes the name of a [[route]], and none is called ${JSON.stringify(text)}`;
    case 'BCC':
    case 'REDIRECT':
      return isAddress(text) ? undefined : `${word} takes an address, which ${JSON.stringify(text)} is not`;
    case 'PREPEND':
    case 'REPLACE':
      return text === '' ? `${word} takes the text of a line` : undefined;
    default:
      return undefined;
  }
}

function isAddress(text: string): boolean {
  const path = parsePath(`<${text}>`, { allowUtf8: true, allowNull: false });
  return path.kind !== 'invalid' && path.end === text.length + 2 && text.includes('@');
}

function unknownWord(command: string): string {
  if (command === '') return `an action is missing: ${actionWords.join(', ')}`;
  return `${JSON.stringify(command)} is no action: there are ${actionWords.join(', ')}`;
}

/** `$1`, `${1}` and `$(1)` are groups, `$$` is a "$". */
function partsOf(text: string): readonly (string | number)[] {
  const parts: (string | number)[] = [];
  let literal = '';
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at);
    if (character !== '$') {
      literal += character;
      continue;
    }
    if (text[at + 1] === '$') {
      literal += '$';
      at++;
      continue;
    }
    const [whole, plain, braced, bracketed] =
      /^\$(?:(\d{1,3})|\{(\d{1,3})\}|\((\d{1,3})\))/u.exec(text.slice(at, at + 8)) ?? [];
    const number = Number(plain ?? braced ?? bracketed ?? 0);
    if (whole === undefined || number === 0)
      throw new ValueError(`"${text.slice(at, at + 8)}" is no group: write $1, or $$ for a "$"`);
    parts.push(literal, number);
    literal = '';
    at += whole.length - 1;
  }
  parts.push(literal);
  return parts;
}
