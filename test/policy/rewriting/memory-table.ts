// A table in memory, from the lines of a file of keys and values. It answers at once, or later.

import { absent, type Answer, type Table } from '../../../src/table/table.ts';
import { tableKey } from '../../../src/table/table-key.ts';

export function memoryTable(lines: readonly string[], isLate = false): Table {
  const values = new Map<string, string[]>();
  for (const line of lines) {
    const [, key = '', value = ''] = /^("[^"]*"\S*|\S+)\s+(.*)$/u.exec(line) ?? [];
    values.set(tableKey(key), [...(values.get(tableKey(key)) ?? []), value]);
  }
  const answer = (key: string): Answer => {
    const found = values.get(key);
    return found === undefined ? absent : { kind: 'found', values: found };
  };
  return {
    name: 'canonical',
    lookup: (keys) => {
      const answers = keys.map(answer);
      return isLate ? Promise.resolve(answers) : answers;
    },
  };
}
