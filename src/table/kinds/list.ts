// Text with one key on each line: the line without white space around it.

import type { TableKind } from '../contents.ts';
import { absent, found } from '../table.ts';
import { openText, type TextForm } from './text.ts';
import { visibleEnd, visibleStart } from './white-space.ts';

const form: TextForm = {
  parts: (bytes) => {
    const keyEnd = visibleEnd(bytes);
    return { keyStart: visibleStart(bytes), keyEnd, valueStart: keyEnd, valueEnd: keyEnd };
  },
  hasSeveralValues: false,
  answer: (map, key) => (map.has(key) ? found : absent),
};

export const list: TableKind = { seesWrites: false, open: (file) => openText(file, form) };
