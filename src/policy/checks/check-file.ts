// The file of a table of checks. Promises: a line that nobody can understand is an error with its number, since a rule that is left out would let mail
// through.

import type { CheckFileType } from '../../values/check-file-name.ts';
import { atLine, excerpt, logicalLines, patternRules } from '../../values/pattern-rules.ts';
import type { Re2 } from '../../values/pattern.ts';
import { writtenAction } from './check-action.ts';
import type { CheckAction, CheckTable } from './types.ts';

export interface CheckFileParts {
  readonly type: CheckFileType;
  /** For the log: the name of the file without its folder. */
  readonly name: string;
  readonly routes: ReadonlySet<string>;
  readonly re2: Re2;
}

/**
 * Reads a file, as work in slices: a file may have many thousand lines.
 * @throws {Error} with a clause that names the line
 */
export function* checkTableOf(text: string, parts: CheckFileParts): Generator<undefined, CheckTable> {
  if (parts.type === 'texthash') return yield* keyTable(text, parts);
  const { name, re2, routes, type: syntax } = parts;
  const read = (action: string, line: number) => writtenAction(action, `${name} line ${line}`, routes);
  return { find: yield* patternRules(text, { syntax, re2, read }) };
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
