// Text with one key on each line: the line without white space around it.

import type { TableKind } from '../contents.ts';
import { absent, found } from '../table.ts';
import type { TextForm } from '../text-entries.ts';
import { openText } from './text.ts';
import { visibleEnd, visibleStart } from './white-space.ts';

export const listForm: TextForm = {
  parts: (bytes) => {
    const keyEnd = visibleEnd(bytes);
    return { keyStart: visibleStart(bytes), keyEnd, valueStart: keyEnd, valueEnd: keyEnd };
  },
  hasSeveralValues: false,
};

export const list: TableKind = {
  seesWrites: false,
  open: (file) => openText(file, listForm, (map, key) => (map.has(key) ? found : absent)),
};
