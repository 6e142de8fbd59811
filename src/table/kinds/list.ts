// Text with one key on each line, and perhaps white space around it.

import type { TableKind } from '../contents.ts';
import { absent, found } from '../table.ts';
import { brokenTable } from '../table-error.ts';
import type { TextForm } from '../text-entries.ts';
import { openText } from './text.ts';
import { endOfKey, visibleEnd, visibleStart } from './white-space.ts';

export const listForm: TextForm = {
  parts: (bytes, line) => {
    const keyStart = visibleStart(bytes);
    const keyEnd = visibleEnd(bytes);
    const wordEnd = endOfKey(bytes, keyStart);
    // Such a key would never be found: the file may be of another kind.
    if (wordEnd !== -1 && wordEnd < keyEnd) {
      const advice = 'Write one key on each line. For keys with values, write kind = "key-value".';
      throw brokenTable(`line ${line} has white space between its words`, advice);
    }
    return { keyStart, keyEnd, valueStart: keyEnd, valueEnd: keyEnd };
  },
  hasSeveralValues: false,
};

export const list: TableKind = {
  seesWrites: false,
  open: (file) => openText(file, listForm, (map, key) => (map.has(key) ? found : absent)),
};
