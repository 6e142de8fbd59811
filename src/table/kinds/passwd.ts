// Text like /etc/passwd: the key is what comes before the first colon of a line, the value is the rest.

import type { TableKind } from '../contents.ts';
import { brokenTable } from '../table-error.ts';
import { answerWithValues } from './key-value.ts';
import type { TextForm } from '../text-entries.ts';
import { openText } from './text.ts';
import { visibleEnd } from './white-space.ts';

const colon = 58;

export const passwdForm: TextForm = {
  parts: (bytes, line) => {
    const keyEnd = bytes.indexOf(colon);
    if (keyEnd === -1) throw brokenTable(`line ${line} has no colon`);
    return { keyStart: 0, keyEnd, valueStart: keyEnd + 1, valueEnd: Math.max(keyEnd + 1, visibleEnd(bytes)) };
  },
  hasSeveralValues: false,
};

export const passwd: TableKind = {
  seesWrites: false,
  open: (file) => openText(file, passwdForm, answerWithValues),
};
