// The text of Postfix's tables (postmap(1)): a key and a value with white space between them; a line that begins with white space goes on with
// the one before it. Of several entries with one key, the first counts.

import type { TableKind } from '../contents.ts';
import { brokenTable } from '../table-error.ts';
import type { TextForm } from '../text-entries.ts';
import { answerWithValues } from './key-value.ts';
import { openText } from './text.ts';
import { endOfKey, visibleEnd, visibleStart } from './white-space.ts';

export const postmapForm: TextForm = {
  parts: (bytes, line) => {
    const keyEnd = endOfKey(bytes);
    if (keyEnd === -1) throw brokenTable(`line ${line} has a quotation mark without its counterpart`);
    const valueEnd = visibleEnd(bytes);
    const valueStart = visibleStart(bytes, keyEnd);
    if (valueStart >= valueEnd) throw brokenTable(`line ${line} has a key and no value`);
    return { keyStart: 0, keyEnd, valueStart, valueEnd };
  },
  goesOn: true,
  hasSeveralValues: false,
};

export const postmap: TableKind = {
  seesWrites: false,
  open: (file) => openText(file, postmapForm, answerWithValues),
};
