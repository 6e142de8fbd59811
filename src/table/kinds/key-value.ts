// Text with a key and a value on each line, with white space between them. A key on several lines has several values.

import type { TableKind } from '../contents.ts';
import type { PackedMap } from '../packed-map.ts';
import { absent, type Answer } from '../table.ts';
import { brokenTable } from '../table-error.ts';
import type { TextForm } from '../text-entries.ts';
import { openText } from './text.ts';
import { endOfKey, isWhiteSpace, visibleEnd, visibleStart } from './white-space.ts';

export const keyValueForm: TextForm = {
  parts: (bytes, line) => {
    // Elsewhere such a line continues the one before it (postmap): its first word would become a key here.
    if (isWhiteSpace(bytes[0])) {
      const advice = 'Write each entry on one line, without white space before it.';
      throw brokenTable(`line ${line} begins with white space`, advice);
    }
    const keyEnd = endOfKey(bytes);
    if (keyEnd === -1) throw brokenTable(`line ${line} has a quotation mark without its counterpart`);
    const valueEnd = visibleEnd(bytes);
    const valueStart = visibleStart(bytes, keyEnd);
    if (valueStart >= valueEnd) {
      const advice = 'For keys without values, write kind = "list".';
      throw brokenTable(`line ${line} has a key and no value`, advice);
    }
    return { keyStart: 0, keyEnd, valueStart, valueEnd };
  },
  hasLongLines: true,
  hasSeveralValues: true,
};

export const keyValue: TableKind = {
  seesWrites: false,
  open: (file) => openText(file, keyValueForm, answerWithValues),
};

/** The answer of a map with values. */
export function answerWithValues(map: PackedMap, key: string): Answer {
  const values = map.valuesOf(key);
  return values === undefined ? absent : { kind: 'found', values };
}
