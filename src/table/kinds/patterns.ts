// Tables of expressions, as Postfix has them (pcre_table(5), regexp_table(5)): the first rule whose expression is for the key says the value. Expressions are
// matched by RE2, in a time that grows with the key alone: keys are written by strangers.

import { isUtf8 } from 'node:buffer';
import { inSlices } from '../../io/slices.ts';
import { groupTextOf } from '../../values/group-text.ts';
import type { PatternSyntax } from '../../values/pattern.ts';
import { type FindByPattern, patternRules } from '../../values/pattern-rules.ts';
import type { Contents, TableFile, TableKind } from '../contents.ts';
import { absent, type Answer } from '../table.ts';
import { brokenTable } from '../table-error.ts';

/** Some ten thousand rules. */
const mostBytes = 16 * 1024 * 1024;
/** More than this of what a sender has written goes into no value. */
const mostValueLength = 4096;

export const pcre: TableKind = patternsIn('pcre');
export const regexp: TableKind = patternsIn('regexp');

/** A value that has no groups, which can be checked. */
interface FixedValue {
  readonly line: number;
  readonly value: string;
}

function patternsIn(syntax: PatternSyntax): TableKind {
  return { seesWrites: false, open: (file) => openPatterns(file, syntax) };
}

async function openPatterns({ handle, sizeBytes }: TableFile, syntax: PatternSyntax): Promise<Contents> {
  let bytes: Buffer;
  try {
    if (sizeBytes > mostBytes) throw brokenTable('it is larger than 16 MiB');
    bytes = await handle.readFile();
  } finally {
    await handle.close();
  }
  if (!isUtf8(bytes)) throw brokenTable('it is not UTF-8', 'Save the file as UTF-8.');
  // Loaded only where it is used.
  const { RE2JS: re2 } = await import('re2js');
  const fixed: FixedValue[] = [];
  let rules = 0;
  const read = (text: string, line: number) => {
    if (text === '') throw new Error('there is no value behind the expression');
    rules++;
    const value = groupTextOf(text);
    if (value.groups === 0) fixed.push({ line, value: value.filled([]) });
    return value;
  };
  let find: FindByPattern<string>;
  try {
    find = await inSlices(patternRules(bytes.toString(), { syntax, re2, read }));
  } catch (error) {
    throw brokenTable(error instanceof Error ? error.message : String(error));
  }
  const answer = (key: string): Answer => {
    const value = find({ text: key, lower: key.toLowerCase().replaceAll('\u017f', 's') });
    return value === undefined ? absent : { kind: 'found', values: [value.slice(0, mostValueLength)] };
  };
  return {
    lookup: (keys) => keys.map(answer),
    summary: `${rules} ${rules === 1 ? 'rule' : 'rules'}`,
    warnings: [],
    readAll: (take) => {
      for (const { line, value } of fixed) take(`line ${line}`, value);
      return Promise.resolve();
    },
    endsEarly: bytes.length > 0 && bytes.at(-1) !== 10,
    isWhole: true,
    close: () => Promise.resolve(),
  };
}
