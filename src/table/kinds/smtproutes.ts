// Text of qmail's control files with a colon, such as smtproutes: the key is what comes before the first colon of a line, and the value the rest. A
// line that begins with its colon is for all: its key is `*`. The last line of a key counts (constmap of qmail), so all values are kept.

import type { TableKind } from '../contents.ts';
import { brokenTable } from '../table-error.ts';
import type { TextForm } from '../text-entries.ts';
import { answerWithValues } from './key-value.ts';
import { openText } from './text.ts';
import { visibleEnd } from './white-space.ts';

const colon = 58;

export const smtproutesForm: TextForm = {
  parts: (bytes, line) => {
    const keyEnd = bytes.indexOf(colon);
    if (keyEnd === -1) throw brokenTable(`line ${line} has no colon`);
    return { keyStart: 0, keyEnd, valueStart: keyEnd + 1, valueEnd: Math.max(keyEnd + 1, visibleEnd(bytes)) };
  },
  emptyKey: '*',
  hasSeveralValues: true,
};

export const smtproutes: TableKind = {
  seesWrites: false,
  open: (file) => openText(file, smtproutesForm, answerWithValues),
};
