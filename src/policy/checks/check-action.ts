// What stands behind an expression or a key of a table: a word, and what it needs.

import { parsePath } from '../../address/path.ts';
import { groupTextOf } from '../../values/group-text.ts';
import type { WrittenResult } from '../../values/pattern-rules.ts';
import { ValueError } from '../../values/value-error.ts';
import { actionWords, type ActionWord, type CheckAction } from './types.ts';

/** An action of a rule. */
export type WrittenAction = WrittenResult<CheckAction>;

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
  const parts = groupTextOf(rest);
  const { groups } = parts;
  if (groups === 0) {
    const written = parts.filled([]);
    const fault = actionFault(word, written, routes);
    if (fault !== undefined) throw new ValueError(fault);
    const action = { word, text: written, rule };
    return { groups, filled: () => action };
  }
  return {
    groups,
    filled: (matched) => ({ word, text: parts.filled(matched).slice(0, mostFilledLength), rule }),
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
